import { type Plan } from '../campaigns/index.js';
import { table, when } from './terminal.js';

/** A plan for a person at the terminal. */
export function planLines({ hash, summary }: Plan): string[] {
  const counts = (title: string, record: Readonly<Record<string, number>>, most = 12): string[] => {
    const rows = Object.entries(record).sort(([, a], [, b]) => b - a);
    if (rows.length === 0) return [];
    const more = rows.length > most ? [`… and ${rows.length - most} more`] : [];
    return ['', table([title, 'people'], rows.slice(0, most)), ...more];
  };
  return [
    `${summary.recipients.toLocaleString('en-GB')} emails to ${summary.people.toLocaleString('en-GB')} people; ${summary.excluded.toLocaleString('en-GB')} people get none.`,
    ...counts('template', summary.byTemplate),
    ...counts('route', summary.byRoute),
    ...counts('no email, because', summary.exclusions),
    '',
    ...summary.steps.map(
      ({ label, dueAt }) => `${label}: ${dueAt === null ? 'at once when scheduled' : when(new Date(dueAt))}`,
    ),
    summary.feasibility.explanation,
    ...summary.contradictions.map(
      ({ campaign, template, otherTemplate, people }) =>
        `Contradiction: ${people.toLocaleString('en-GB')} people get ${template} here and ${otherTemplate} in "${campaign}".`,
    ),
    `${summary.unreachable.toLocaleString('en-GB')} people are reached by no route.`,
    ...(summary.changes.since === null
      ? []
      : [
          `Since the last plan: ${summary.changes.joined} joined, ${summary.changes.left} left, ${summary.changes.changed} changed.`,
        ]),
    `Plan ${hash.slice(0, 12)}`,
  ];
}
