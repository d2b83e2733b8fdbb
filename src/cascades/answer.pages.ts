import { type DeclarationWindow } from '../deadlines/index.js';
import { escapeHtml } from '../shared/html-text.js';
import { formatDateTime, formatLongDate, LondonTime } from '../shared/london-time.js';
import { type OrganisationRow } from './cascade.repository.js';
import { NEED_ACTIONS } from './contact.rules.js';
import { type Answer, answersOf, isAnswered } from './step.rules.js';
import { type WorklistLine } from './worklist.types.js';

/** The pages behind the links of a cascade: they need no sign-in, no script, and hold no personal data. */

const WORDS: Readonly<Record<Answer, { readonly label: string; readonly done: string }>> = {
  acknowledge: { label: 'We have the request', done: 'you have the request' },
  'pass-on': { label: 'We have passed it on', done: 'you have passed it on' },
  confirm: { label: 'Our practice has been told', done: 'your practice has been told' },
  finish: { label: 'We have done everything that was asked', done: 'you have done everything that was asked' },
  decline: { label: 'This is not ours', done: 'this is not yours' },
};

const BELOW: Readonly<Record<OrganisationRow['kind'], string>> = {
  region: 'commissioners',
  commissioner: 'practices',
  practice: '',
};

type AskedDates = Pick<DeclarationWindow, 'cutoff' | 'signInChange'>;

const ASKED: Readonly<Record<OrganisationRow['kind'], string>> = {
  region: 'We asked you to pass our message on to your commissioners.',
  commissioner: 'We asked you to pass our message on to your practices.',
  practice: 'Our message says what your practice has to do.',
};

export interface AnswerPage {
  readonly token: string;
  /** The dates as they are now, whatever the email said that led here. */
  readonly dates: AskedDates;
  readonly organisation: OrganisationRow;
  readonly below: readonly OrganisationRow[];
  /** Address path of its worklist; undefined for a practice. */
  readonly worklist: string | undefined;
}

/** What the button of a drill says, by who presses it. */
const DRILL_ANSWERS: Readonly<Record<OrganisationRow['kind'], Answer>> = {
  region: 'acknowledge',
  commissioner: 'acknowledge',
  practice: 'confirm',
};

/** The page of a drill: one button. Opening it changes nothing. */
export function drillPage(token: string, { name, code, kind, state }: OrganisationRow): string {
  const answered = isAnswered(state)
    ? '<p><strong>Somebody has pressed the button for you already.</strong> You need not do anything.</p>'
    : '';
  return page(
    'This is a drill',
    `<p>${escapeHtml(name)} (${escapeHtml(code)})</p>
${answered}
<p>Nothing has to be done but press this button.</p>
<form method="post" action="/cascade/${token}">
<input type="hidden" name="answer" value="${DRILL_ANSWERS[kind]}">
<button class="nhsuk-button" type="submit">The drill has arrived</button>
</form>`,
  );
}

export function drillThanksPage(organisation: Pick<OrganisationRow, 'name' | 'code'>): string {
  return page(
    'Thank you',
    `<p>We have noted that the drill has arrived at ${escapeHtml(organisation.name)} (${escapeHtml(organisation.code)}).</p><p>That was all. You can close this page.</p>`,
  );
}

/** Where an organisation says what became of the request. Opening it changes nothing. */
export function answerPage({ token, dates, organisation, below, worklist }: AnswerPage): string {
  const answered = isAnswered(organisation.state)
    ? `<p>So far we know: <strong>${escapeHtml(organisation.state.replace('-', ' '))}</strong>. You can add to that here.</p>`
    : '';
  const answers = answersOf(organisation.kind).map((answer, i) =>
    radio('answer', answer, WORDS[answer].label, i === 0),
  );
  const list = below.length === 0 ? '' : belowFields(organisation, below);
  return page(
    `${organisation.name} (${organisation.code})`,
    `<p>${ASKED[organisation.kind]} ${askedBy(dates)}</p>
${answered}
${worklist === undefined ? '' : `<p><a href="${worklist}">Your worklist: who needs help, those at risk of missing payment first</a></p>`}
<form method="post" action="/cascade/${token}">
<fieldset class="nhsuk-fieldset"><legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m">What has happened?</legend>
<div class="nhsuk-radios">${answers.join('\n')}</div></fieldset>
${list}
<div class="nhsuk-form-group"><label class="nhsuk-label" for="reason">If it is not yours: why, in a few words? Please give no names of people.</label>
<input class="nhsuk-input" id="reason" name="reason" maxlength="500"></div>
<button class="nhsuk-button" type="submit">Send</button>
</form>
${practiceForm(token, organisation, below)}`,
  );
}

/** What the message is about, for somebody who has not got it before them. */
function askedBy({ cutoff, signInChange }: AskedDates): string {
  const payment = `Achievement has to be declared, approved and financially approved before ${formatDateTime(cutoff)} (London time).`;
  return signInChange === null
    ? payment
    : `${payment} Signing in to CQRS changes from ${formatLongDate(signInChange)}.`;
}

/** How many of those below an organisation has passed the message on to. */
export interface PassedOn {
  readonly some: number;
  readonly all: number;
}

/** `passedOn`: undefined unless that is the answer. */
export function thanksPage(
  organisation: Pick<OrganisationRow, 'name' | 'code' | 'kind'>,
  answer: Answer,
  late: boolean,
  passedOn?: PassedOn,
): string {
  const toWhom = passedOn ? ` to ${passedOn.some} of your ${passedOn.all} ${BELOW[organisation.kind]}` : '';
  return page(
    'Thank you',
    `<p>We have noted for ${escapeHtml(organisation.name)} (${escapeHtml(organisation.code)}) that ${WORDS[answer].done}${toWhom}.</p>
${late ? '<p>It came after the time we had asked for, and it counts all the same.</p>' : ''}<p>You can close this page.</p>`,
  );
}

export function alreadyPage(organisation: Pick<OrganisationRow, 'name' | 'code'>): string {
  return page(
    'We have this already',
    `<p>Somebody has answered this for ${escapeHtml(organisation.name)} (${escapeHtml(organisation.code)}) before. Nothing has changed, and you need not do anything.</p>`,
  );
}

export type BadLink = 'unknown' | 'expired' | 'revoked' | 'other-purpose';

const BAD_LINKS: Readonly<Record<BadLink, string>> = {
  unknown: 'This address is not one of our links. Copy the whole link from the email, or open it from there.',
  expired: 'This link has expired. Ask the CQRS team for a new one.',
  revoked: 'This link was withdrawn. Use the link in the newest email, or ask the CQRS team for a new one.',
  'other-purpose': 'This link opens something else. Use the link as it is in the email.',
};

export function badLinkPage(why: BadLink): string {
  return page('This link does not work', `<p>${BAD_LINKS[why]}</p><p>Nothing has been changed.</p>`);
}

export function refusedPage(reason: string): string {
  return page(
    'That did not work',
    `<p>${escapeHtml(reason)}.</p><p>Nothing has been changed. Go back and try again.</p>`,
  );
}

/** Columns of the worklist, and what each asks for. */
const NEEDS: readonly (readonly [string, string])[] = [
  ['Need a new account', NEED_ACTIONS.mismatched],
  ['NHSmail not known', NEED_ACTIONS.unknown],
  ['Not reached by email', NEED_ACTIONS.unreachable],
  ['Probably left', NEED_ACTIONS.left],
];

/** What a commissioner has to do, in counts; the files with names need sign-in. */
export function packPage(
  token: string,
  organisation: OrganisationRow,
  lines: readonly WorklistLine[],
  madeAt: Date,
  snapshot: string,
): string {
  const rows = lines.map((line) => [
    `${line.name} (${line.code})`,
    line.practicesAtRisk > 0 ? 'yes' : 'no',
    String(line.mismatched),
    String(line.unknown),
    String(line.unreachable),
    String(line.left),
    line.status.replace('-', ' '),
  ]);
  const heads = ['Organisation', 'At risk', ...NEEDS.map(([head]) => head), 'Status'];
  const needs = NEEDS.map(([head, todo]) => `<li><strong>${head}:</strong> ${escapeHtml(todo)}.</li>`);
  const made = formatDateTime(LondonTime.fromInstant(madeAt));
  return page(
    `Worklist of ${organisation.name} (${organisation.code})`,
    `<p>Those at risk of missing payment come first. Made ${escapeHtml(made)} (London time) from: ${escapeHtml(snapshot)}.</p>
<ul><li><a href="/cascade/${token}/worklist.csv">Counts as CSV</a></li><li><a href="/cascade/${token}/worklist.xlsx">Counts as a workbook</a></li>
<li><a href="/cascade/${token}/people.csv">People as CSV</a> (needs sign-in)</li><li><a href="/cascade/${token}/people.xlsx">People as a workbook</a> (needs sign-in)</li></ul>
<p>The numbers count people who need your help to sign in after the change:</p>
<ul>${needs.join('')}</ul>
${stackedTable('What is left to do', heads, rows)}`,
  );
}

/** On a phone each row becomes a block of lines, with the roles that it would lose by that; its first cell names it. */
function stackedTable(caption: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th scope="col" role="columnheader" class="nhsuk-table__header">${text}</th>`);
  const cell = (text: string, i: number): string => {
    const content = `<span class="nhsuk-table__heading" aria-hidden="true">${heads[i] ?? ''}</span><div>${escapeHtml(text)}</div>`;
    return i === 0
      ? `<th scope="row" role="rowheader" class="nhsuk-table__header">${content}</th>`
      : `<td role="cell" class="nhsuk-table__cell">${content}</td>`;
  };
  const body = rows.map((row) => `<tr role="row" class="nhsuk-table__row">${row.map(cell).join('')}</tr>`);
  return `<table role="table" class="nhsuk-table nhsuk-table--responsive"><caption class="nhsuk-table__caption">${caption}</caption>
<thead role="rowgroup" class="nhsuk-table__head"><tr role="row">${head.join('')}</tr></thead>
<tbody role="rowgroup" class="nhsuk-table__body">${body.join('\n')}</tbody></table>`;
}

function belowFields(organisation: OrganisationRow, below: readonly OrganisationRow[]): string {
  const boxes = below.map(
    ({ code, name, passed_on_at }) =>
      `<div class="nhsuk-checkboxes__item"><input class="nhsuk-checkboxes__input" type="checkbox" id="below-${code}" name="below" value="${code}">
<label class="nhsuk-label nhsuk-checkboxes__label" for="below-${code}">${escapeHtml(name)} (${code})${passed_on_at ? ', noted as passed on' : ''}</label></div>`,
  );
  return `<fieldset class="nhsuk-fieldset"><legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--m">Which ${BELOW[organisation.kind]}? Tick none if you mean all of them.</legend>
<div class="nhsuk-checkboxes">${boxes.join('\n')}</div></fieldset>`;
}

/** The request is made to be forwarded: somebody at a practice may arrive by its commissioner's link. */
function practiceForm(token: string, { kind }: OrganisationRow, below: readonly OrganisationRow[]): string {
  if (kind !== 'commissioner' || below.length === 0) return '';
  const options = below.map(({ code, name }) => `<option value="${code}">${escapeHtml(name)} (${code})</option>`);
  return `<h2>Do you work at one of the practices?</h2>
<form method="post" action="/cascade/${token}">
<input type="hidden" name="answer" value="confirm">
<div class="nhsuk-form-group"><label class="nhsuk-label" for="practice">Your practice</label>
<select class="nhsuk-select" id="practice" name="practice" required><option value="">Choose your practice</option>${options.join('')}</select></div>
<button class="nhsuk-button nhsuk-button--secondary" type="submit">Our practice has been told</button>
</form>`;
}

function radio(name: string, value: string, label: string, checked: boolean): string {
  return `<div class="nhsuk-radios__item"><input class="nhsuk-radios__input" type="radio" id="${name}-${value}" name="${name}" value="${value}"${checked ? ' checked' : ''}>
<label class="nhsuk-label nhsuk-radios__label" for="${name}-${value}">${label}</label></div>`;
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en-GB">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${escapeHtml(title)} - CQRS comms</title><link rel="stylesheet" href="/assets/nhsuk.css"></head>
<body><div class="nhsuk-width-container"><main class="nhsuk-main-wrapper"><h1>${escapeHtml(title)}</h1>
${body}</main></div></body>
</html>
`;
}
