/** Bounces as mail servers write them, for one of our mails. */

export interface Bounced {
  /** Where the bounce goes: our return path, or the sender's own address. */
  returnPath: string;
  /** Message-ID of the mail that came back, with brackets. */
  messageId: string;
  recipient: string;
}

/** Postfix 3.7, for a mailbox that another server refused. */
export function postfixBounce({ returnPath, messageId, recipient }: Bounced, status = '5.1.1', reply = '550'): string {
  return crlf(`Return-Path: <>
Received: by mx.shop.example (Postfix)
	id 4C1B52A0D1; Sat, 14 Mar 2026 09:12:03 +0000 (UTC)
Date: Sat, 14 Mar 2026 09:12:03 +0000 (UTC)
From: MAILER-DAEMON@mx.shop.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: ${returnPath}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="97F5E2A0CE.1773479523/mx.shop.example"
Content-Transfer-Encoding: 8bit
Message-Id: <20260314091203.4C1B52A0D1@mx.shop.example>

This is a MIME-encapsulated message.

--97F5E2A0CE.1773479523/mx.shop.example
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

This is the mail system at host mx.shop.example.

<${recipient}>: host mx.example.com[192.0.2.25] said: ${reply} ${status} <${recipient}>:
    Recipient address rejected (in reply to RCPT TO command)

--97F5E2A0CE.1773479523/mx.shop.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.shop.example
X-Postfix-Queue-ID: 97F5E2A0CE
X-Postfix-Sender: rfc822; ${returnPath}
Arrival-Date: Sat, 14 Mar 2026 09:12:01 +0000 (UTC)

Final-Recipient: rfc822; ${recipient}
Original-Recipient: rfc822;${recipient}
Action: ${status.startsWith('4') ? 'delayed' : 'failed'}
Status: ${status}
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; ${reply} ${status} <${recipient}>: Recipient address
    rejected

--97F5E2A0CE.1773479523/mx.shop.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers
Content-Transfer-Encoding: 8bit

Return-Path: <${returnPath}>
Received: from app (localhost [127.0.0.1])
	by mx.shop.example (Postfix) with ESMTP id 97F5E2A0CE
From: Shop <no-reply@shop.example>
To: ${recipient}
Subject: Your code
Message-ID: ${messageId}

--97F5E2A0CE.1773479523/mx.shop.example--
`);
}

/** Exim 4.96: the whole mail comes back, and the code of the other side stands in the diagnostic alone. */
export function eximBounce({ returnPath, messageId, recipient }: Bounced): string {
  return crlf(`Return-path: <>
Envelope-to: ${returnPath}
Delivery-date: Sat, 14 Mar 2026 09:12:04 +0000
Received: from Debian-exim by mx.shop.example with local (Exim 4.96)
	id 1t9xYz-0001Ab-2c
	for ${returnPath};
	Sat, 14 Mar 2026 09:12:04 +0000
X-Failed-Recipients: ${recipient}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.shop.example>
To: ${returnPath}
References: ${messageId}
Content-Type: multipart/report; report-type=delivery-status; boundary=1773479524-eximdsn-1804289383
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1t9xYz-0001Ab-2c@mx.shop.example>
Date: Sat, 14 Mar 2026 09:12:04 +0000

--1773479524-eximdsn-1804289383
Content-type: text/plain; charset=us-ascii

A message that you sent could not be delivered to one or more of its
recipients.

  ${recipient}
    host mx.example.com [192.0.2.25]
    SMTP error from remote mail server after RCPT TO:<${recipient}>:
    550 5.1.1 No such user here

--1773479524-eximdsn-1804289383
Content-type: message/delivery-status

Reporting-MTA: dns; mx.shop.example

Action: failed
Final-Recipient: rfc822;${recipient}
Status: 5.0.0
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; 550 5.1.1 No such user here

--1773479524-eximdsn-1804289383
Content-type: message/rfc822

Return-path: <${returnPath}>
From: Shop <no-reply@shop.example>
To: ${recipient}
Subject: Your code
Message-ID: ${messageId}
Content-Type: text/plain

Final-Recipient: rfc822; somebody.else@example.com
Action: delivered

--1773479524-eximdsn-1804289383--
`);
}

/** Exchange Online: a related part inside, long folded fields, its own routing errors; To names our sender, not the token. */
export function exchangeBounce({ messageId, recipient }: Bounced): string {
  return crlf(`From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.com>
To: "no-reply@shop.example" <no-reply@shop.example>
Date: Sat, 14 Mar 2026 09:12:05 +0000
Content-Type: multipart/report; report-type=delivery-status;
	boundary="3f7c9a-outer"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-US
Message-ID: <3d1f6f2e-0c55-4c0d-9a39-6b1d0e7f3a55@mail.example.com>
In-Reply-To: ${messageId}
Subject: =?utf-8?B?VW5kZWxpdmVyYWJsZTogWW91ciBjb2Rl?=
Auto-Submitted: auto-replied
MIME-Version: 1.0

--3f7c9a-outer
Content-Type: multipart/alternative; differences=Content-Type;
	boundary="3f7c9a-inner"

--3f7c9a-inner
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message to ${recipient} couldn't be delivered.

--3f7c9a-inner
Content-Type: text/html; charset="us-ascii"

<html><body>Your message couldn't be delivered.</body></html>

--3f7c9a-inner--

--3f7c9a-outer
Content-Type: message/delivery-status

Reporting-MTA: dns;AS8PR01MB7399.eurprd01.prod.exchangelabs.com
Received-From-MTA: dns;mx.shop.example
Arrival-Date: Sat, 14 Mar 2026 09:12:03 +0000

Final-Recipient: rfc822;${recipient}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient
 not found by SMTP address lookup

--3f7c9a-outer
Content-Type: message/rfc822

Received: from mx.shop.example (192.0.2.10) by
 AM6EUR05FT029.mail.protection.outlook.com with Microsoft SMTP Server id
 15.20.8632.18; Sat, 14 Mar 2026 09:12:02 +0000
From: Shop <no-reply@shop.example>
To: ${recipient}
Message-ID:
 ${messageId}
Subject: Your code

--3f7c9a-outer--
`);
}

/** Gmail: an alternative with a picture, "X-Failed-Recipients", a status block with a pointer to a help page. */
export function gmailBounce({ returnPath, messageId, recipient }: Bounced): string {
  return crlf(`Delivered-To: ${returnPath}
Return-Path: <>
Auto-Submitted: auto-replied
Content-Type: multipart/report; boundary="000000000000a1b2c3062f000001"; report-type=delivery-status
To: ${returnPath}
From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
References: ${messageId}
In-Reply-To: ${messageId}
X-Failed-Recipients: ${recipient}
Subject: Delivery Status Notification (Failure)
Message-ID: <65f2b0e3.a70a0220.1f8b2.1234.GMR@mx.google.com>
Date: Sat, 14 Mar 2026 02:12:06 -0700 (PDT)
MIME-Version: 1.0

--000000000000a1b2c3062f000001
Content-Type: multipart/related; boundary="000000000000a1b2c9062f000002"

--000000000000a1b2c9062f000002
Content-Type: text/plain; charset="UTF-8"

** Address not found **

--000000000000a1b2c9062f000002--
--000000000000a1b2c3062f000001
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.com
Arrival-Date: Sat, 14 Mar 2026 02:12:05 -0700 (PDT)
X-Original-Message-ID: ${messageId}

Final-Recipient: rfc822; ${recipient}
Action: failed
Status: 5.1.1
Remote-MTA: dns; gmail-smtp-in.l.google.com. (192.0.2.27, the server for the domain gmail.example.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
 550-5.1.1 double-checking the recipient's email address for typos. 550 5.1.1 gsmtp
Last-Attempt-Date: Sat, 14 Mar 2026 02:12:06 -0700 (PDT)

--000000000000a1b2c3062f000001
Content-Type: message/rfc822

Message-ID: ${messageId}
From: Shop <no-reply@shop.example>
To: ${recipient}

--000000000000a1b2c3062f000001--
`);
}

/** An absence note: no report, though it answers our mail and comes to our return path. */
export function absenceNote({ returnPath, messageId, recipient }: Bounced): string {
  return crlf(`From: ${recipient}
To: ${returnPath}
Subject: Out of office
Auto-Submitted: auto-replied
In-Reply-To: ${messageId}
Date: Sat, 14 Mar 2026 09:12:07 +0000
Content-Type: text/plain

Action: failed
Status: 5.1.1
`);
}

/** RFC 5965, as feedback loops send it. */
export function abuseReport({ returnPath, messageId, recipient }: Bounced): string {
  return crlf(`From: <abusedesk@example.com>
Date: Sat, 14 Mar 2026 09:30:00 +0000
Subject: FW: Your code
To: <fbl@shop.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

Return-Path: <${returnPath}>
From: <no-reply@shop.example>
To: <${recipient}>
Message-ID: ${messageId}
Subject: Your code

--part1_13d.2e68ed54_boundary--
`);
}

function crlf(text: string): string {
  return text.replace(/\n/g, '\r\n');
}
