/** The links of mails that only protect: stop a recovery, and "this wasn't me". The one that confirms is in confirm.ts. */
import { cancelRecovery } from '../actions/cancel-recovery.ts';
import { canReportNotMe, reportNotMe } from '../actions/report-not-me.ts';
import { Refusal } from '../rules/errors.ts';
import { cancelledPage, cancelPage } from './pages/cancel.ts';
import { notMeDonePage, notMeGonePage, notMePage } from './pages/not-me.ts';
import { originOf, viewOf } from './request.ts';
import type { Handler } from './routes.ts';

export const showCancel: Handler = (web, c) => c.html(cancelPage(viewOf(web, c), { action: c.req.path }));

export const submitCancel: Handler = async (web, c) => {
  await cancelRecovery(web.context, c.req.param('token') ?? '');
  return c.html(cancelledPage(viewOf(web, c)));
};

export const showNotMe: Handler = async (web, c) => {
  const works = await canReportNotMe(web.context, c.req.param('token') ?? '');
  const view = viewOf(web, c);
  return works ? c.html(notMePage(view, { action: c.req.path })) : c.html(notMeGonePage(view), 404);
};

export const submitNotMe: Handler = async (web, c) => {
  const view = viewOf(web, c);
  try {
    const reported = await reportNotMe(web.context, c.req.param('token') ?? '', originOf(web, c));
    if (reported.next === 'code_sent') web.cookies.write(c, 'recovery', reported.recovery.token);
    return c.html(notMeDonePage(view, { next: reported.next }));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return c.html(notMeGonePage(view), 404);
  }
};
