import { escapeHtml } from '../shared/html-text.js';
import { formatDateTime, LondonTime } from '../shared/london-time.js';
import { type StepAction } from './step.rules.js';
import { STEP_ACTION_WORDS } from './step.words.js';
import { type ReturnedMail } from './telling.repository.js';

/** What a proof pack tells a reader; holds nothing that redaction takes away. */
export interface ProofFacts {
  readonly organisation: {
    readonly code: string;
    readonly name: string;
    readonly state: string;
    readonly coverage: string | null;
  };
  readonly cascade: { readonly name: string; readonly snapshot: string };
  readonly madeAt: Date;
  readonly messages: readonly {
    readonly template: string;
    readonly route: string;
    readonly state: string;
    readonly reason: string | null;
    readonly acceptedAt: Date | null;
    readonly renderedSha256: string | null;
    readonly returned: readonly ReturnedMail[];
  }[];
  readonly steps: readonly {
    readonly at: Date;
    readonly organisation: string;
    readonly action: StepAction;
    readonly late: boolean;
    readonly actor: string;
  }[];
}

const STYLE = `body{font:16px/1.5 Arial,sans-serif;color:#212b32;max-width:60em;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;width:100%;margin-bottom:2em}caption{font-weight:bold;font-size:1.2em;text-align:left;padding:.5em 0}
th,td{border-bottom:1px solid #aeb7bd;padding:.4em .8em .4em 0;text-align:left;vertical-align:top}td.hash,code{font-family:monospace;font-size:.8em;overflow-wrap:anywhere}
@media print{body{margin:0;max-width:none;font-size:10pt}tr{break-inside:avoid}thead{display:table-header-group}}`;

/** The page of a proof pack for people: complete in one file, without scripts, and made to be printed. */
export function proofPage({ organisation, cascade, madeAt, messages, steps }: ProofFacts): string {
  const title = `What ${organisation.name} (${organisation.code}) was told`;
  return `<!doctype html>
<html lang="en-GB">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main>
<h1>${escapeHtml(title)}</h1>
<p>Cascade: ${escapeHtml(cascade.name)}. Where it stands: ${escapeHtml((organisation.coverage ?? organisation.state).replace('-', ' '))}.</p>
<p>Made ${timeOf(madeAt)} from: ${escapeHtml(cascade.snapshot)}. All times are London time.</p>
${table(
  'Emails, newest first',
  ['Accepted by a mail server', 'Template', 'Route', 'State', 'What came back', 'SHA-256 of the bytes'],
  messages.map((message) => [
    message.acceptedAt ? timeOf(message.acceptedAt) : 'Not sent',
    message.template,
    message.route,
    [message.state, message.reason].filter(Boolean).join(': '),
    message.returned.map(returnedWords).join('; ') || 'Nothing',
    message.renderedSha256 ?? '',
  ]),
)}
${table(
  'Steps and answers, oldest first',
  ['When', 'Organisation', 'Step', 'By'],
  steps.map((step) => [
    timeOf(step.at),
    step.organisation,
    step.late ? `${STEP_ACTION_WORDS[step.action]} (late)` : STEP_ACTION_WORDS[step.action],
    byWhom(step.actor),
  ]),
)}
<h2>How to check this pack</h2>
<p>Unpack it. <code>sha256sum -c SHA256SUMS</code> in its folder says whether any file was altered; on Windows, <code>certutil -hashfile proof.json SHA256</code> gives the hash of one file to compare.</p>
<p>That the pack was made by the service, and when, is for the CQRS team to confirm: <code>cascade verify</code> checks the signature in manifest.json, and the team's audit trail holds the hash of that file.</p>
<p>No address is in this pack, only keyed hashes of addresses (proof.json), so that it stays as it is when addresses are deleted.</p>
</main></body>
</html>
`;
}

function table(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const heads = head.map((text) => `<th scope="col">${escapeHtml(text)}</th>`).join('');
  const cells = (row: readonly string[]): string =>
    row.map((text, i) => `<td${head[i]?.startsWith('SHA') ? ' class="hash"' : ''}>${escapeHtml(text)}</td>`).join('');
  const body = rows.map((row) => `<tr>${cells(row)}</tr>`).join('\n');
  return `<table><caption>${escapeHtml(caption)}</caption><thead><tr>${heads}</tr></thead><tbody>
${body || `<tr><td colspan="${head.length}">None</td></tr>`}
</tbody></table>`;
}

function returnedWords({ at, kind, reason, status }: ReturnedMail): string {
  return `${kind}, ${reason}${status === null ? '' : ` (${status})`}, ${timeOf(at)}`;
}

/** People are named in the audit trail alone: a pack outlives what is known of them. */
function byWhom(actor: string): string {
  const [kind, which] = actor.split(':', 2);
  if (kind === 'link') return `Whoever holds the link of ${which}`;
  return kind === 'person' ? 'A member of the team' : kind === 'key' ? 'A program' : 'The service';
}

const timeOf = (at: Date): string => formatDateTime(LondonTime.fromInstant(at));
