/** `regain messages list`: newest first, one line each, and how it stands with all of them. */
import { parseArgs } from 'node:util';
import { listMessages, type MessageList, type MessageSummary, type MessagesAsked } from '../actions/list-messages.ts';
import { CHANNELS, MESSAGE_STATUSES } from '../rules/delivery.ts';
import { systemClock } from '../system.ts';
import { print, refuseUsage, withMessages } from './messages.ts';
import { summaryAsJson } from './messages-json.ts';
import { reasonInWords } from './messages-words.ts';
import { errorText } from './outside-error.ts';
import { readSince } from './read-time.ts';
import { count, duration, plain, shown } from './shown.ts';

const LIMIT = { default: '50', most: 10_000 } as const;

interface Asked extends MessagesAsked {
  json: boolean;
}

/** @returns 0, or 1 where nothing was found, 2 for a wrong call */
export async function runList(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  const asked = readOptions(args, systemClock.now());
  if (typeof asked === 'string') return refuseUsage(asked);
  return withMessages(environment, async (context) => {
    const list = await listMessages(context, asked);
    const lines = asked.json
      ? list.messages.map((message) => JSON.stringify(summaryAsJson(message)))
      : [...table(list.messages), ...summary(list, asked, context.clock.now())];
    print(lines.map((line) => `${line}\n`).join(''));
    return list.messages.length > 0 ? 0 : 1;
  });
}

/** What was asked for, or what is wrong with it. */
function readOptions(args: string[], now: number): Asked | string {
  const text = { type: 'string' } as const;
  const options = {
    status: text,
    channel: text,
    kind: text,
    account: text,
    since: text,
    limit: text,
    json: { type: 'boolean' },
  } as const;
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];
  try {
    values = parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    return errorText(error);
  }
  const { channel, kind, account: accountId, since = '24h', limit = LIMIT.default, json = false } = values;
  const status = MESSAGE_STATUSES.find((known) => known === values.status);
  if (values.status !== undefined && !status)
    return `--status: ${shown(values.status)} is none of ${MESSAGE_STATUSES.join(', ')}`;
  if (channel !== undefined && !CHANNELS.some((known) => known === channel))
    return `--channel: ${shown(channel)} is none of ${CHANNELS.join(', ')}`;
  if (kind !== undefined && !/^[a-z]+(-[a-z]+)*$/.test(kind))
    return `--kind: ${shown(kind)} is no kind of message, like recovery-code or password-changed`;
  const from = readSince(since, now);
  if (from === undefined) return `--since: ${shown(since)} is not a time like 2h, 7d or 2026-03-01T12:00:00Z`;
  if (!/^\d{1,5}$/.test(limit) || Number(limit) < 1 || Number(limit) > LIMIT.most)
    return `--limit: ${shown(limit)} is not a number from 1 to ${LIMIT.most}`;
  return { status, channel, kind, accountId, since: from, limit: Number(limit), json };
}

function table(messages: readonly MessageSummary[]): string[] {
  const rows = messages.map((message) => [
    message.shortId,
    new Date(message.createdAt).toISOString(),
    message.kind,
    message.channel,
    message.status,
    `${message.attempts}x`,
    message.nobody ? 'nobody to send to' : plain(message.to ?? '-'),
    message.reason === null ? '' : reasonInWords(message.reason),
  ]);
  const widths = rows.reduce<number[]>((wide, row) => row.map((cell, at) => Math.max(cell.length, wide[at] ?? 0)), []);
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function summary({ messages, counts, oldestQueuedAt }: MessageList, asked: Asked, now: number): string[] {
  const all = MESSAGE_STATUSES.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
  const since = new Date(asked.since).toISOString();
  const each = MESSAGE_STATUSES.filter((status) => counts[status]).map(
    (status) => `${count(counts[status] ?? 0)} ${status}`,
  );
  const fitting = asked.status ? (counts[asked.status] ?? 0) : all;
  const waiting =
    oldestQueuedAt === undefined
      ? 'None is waiting.'
      : `The oldest that is queued was asked for ${duration(now - oldestQueuedAt)} ago.`;
  return [
    ...(all === 0
      ? [`No messages since ${since}. ${waiting}`]
      : [`${count(all)} ${all === 1 ? 'message' : 'messages'} since ${since}: ${each.join(', ')}. ${waiting}`]),
    ...(fitting > messages.length && messages.length > 0
      ? [`Shown are the newest ${count(messages.length)} of ${count(fitting)}; --limit shows more.`]
      : []),
  ];
}
