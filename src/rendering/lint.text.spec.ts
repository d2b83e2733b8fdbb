import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lintText, type LintOptions } from './lint.text.js';

const SOURCE_EMAIL = readFileSync(
  join(import.meta.dirname, '..', '..', 'test', 'fixtures', 'source-email.txt'),
  'utf8',
);
const WINDOW = {
  cutoff: '2026-09-18T12:00',
  reopening: '2026-09-23',
  pcse: '2026-09-28',
  signInChange: '2026-09-23',
};

function rules(text: string, options?: LintOptions): string[] {
  return lintText(text, options).map(({ rule, line }) => `${line} ${rule}`);
}

describe('the source email', () => {
  it('has the faults that it has, and no others', () => {
    expect(rules(SOURCE_EMAIL)).toEqual([
      '7 date-without-year',
      '9 date-without-year',
      '9 date-without-year',
      '9 date-without-year',
      '9 time-dropped',
      '11 date-without-year',
      '13 date-without-year',
      '13 missing-attachment',
      '22 date-without-year',
      '22 step-numbering',
      '28 date-without-year',
      '30 step-reference',
      '37 unreachable-audience',
    ]);
  });

  it('says what is wrong with the step that refers to the wrong step', () => {
    const finding = lintText(SOURCE_EMAIL).find(({ rule }) => rule === 'step-reference');
    expect(finding?.message).toMatch(/does not hold: it reads like step 3 \(line 29\)/);
  });

  it('has weekdays that agree with the window of 2026, and with no window of 2025', () => {
    expect(rules(SOURCE_EMAIL, { window: WINDOW }).filter((rule) => !rule.endsWith('year'))).toEqual([
      '9 time-dropped',
      '13 missing-attachment',
      '22 step-numbering',
      '30 step-reference',
      '37 unreachable-audience',
    ]);
    const lastYear = Object.fromEntries(
      Object.entries(WINDOW).map(([name, date]) => [name, date.replace('2026', '2025')]),
    );
    expect(rules(SOURCE_EMAIL, { window: lastYear }).filter((rule) => rule.endsWith('weekday-mismatch'))).toHaveLength(
      8,
    );
  });

  it.each(['\r\n', '\r'])('is read alike with %j line ends', (lineEnd) => {
    expect(rules(SOURCE_EMAIL.replace(/\n/g, lineEnd))).toEqual(rules(SOURCE_EMAIL));
  });
});

describe.each<[rule: string, faulty: string, sound: string, options?: LintOptions]>([
  ['date-without-year', 'Declare by Friday 18 September.', 'Declare by Friday 18 September 2026. You may go.'],
  ['impossible-date', 'On 31 September 2026.', 'On 29 February 2028.'],
  ['weekday-mismatch', 'On Thursday 18 September 2026.', 'On Friday 18 September 2026, and on Fri, 18th Sept 2026.'],
  [
    'weekday-mismatch',
    'On Friday 18 September, then Thursday 23 September.',
    'Friday 18 September, Wednesday 23 September',
  ],
  ['weekday-mismatch', 'On Monday 18 September.', 'On Friday 18 September.', { today: '2026-06-01' }],
  ['weekday-mismatch', 'On Thursday 18 September.', 'On Friday 18 September.', { window: WINDOW }],
  ['date-not-in-window', 'On 19 September 2026.', 'On 23 September 2026.', { window: WINDOW }],
  ['date-not-in-window', 'On 16 September 2026.', 'On 18/09/2026.', { window: WINDOW }],
  ['cutoff-time', 'Before 5pm on 18 September 2026.', 'Before noon on 18 September 2026.', { window: WINDOW }],
  [
    'time-dropped',
    'Before Friday 18 September 2026.',
    'Before midday on Friday 18 September 2026.',
    { window: WINDOW },
  ],
  [
    'time-dropped',
    'Before midday on 18 September 2026. If not by 18 September 2026, wait.',
    'Before midday\non Friday 18 September 2026. If not by Friday 18 September 2026 at midday, wait. On 23 September 2026.',
  ],
  ['step-numbering', '1. One\n1. Two', '1. One\n2. Two\n\nIf you have none\n\n1. One\n2. Two'],
  ['step-numbering', '1. One\n2. Two\n1. Three', '1. One\n   goes on\n* with a bullet\n2. Two'],
  ['step-numbering', '2. Two\n3. Three', 'First part\n1. One\nSecond part\n2. Two'],
  ['step-reference', '1. One\n2. As in step 4.', '1. One\n2. As in step 1.'],
  ['step-reference', '1. One\n2. Repeat step 2 now.', '1. One\n2. Repeat step 1 now.'],
  ['step-reference', 'See step 3.\n\n1. One\n2. Two', 'See step 2.\n\n1. One\n2. Two'],
  [
    'step-reference',
    '1. Check the address.\n2. Ask for a new account.\n3. Follow step 1 and ask for a new account.',
    '1. Check the address.\n2. Ask for a new account.\n3. Follow step 2 and ask for a new account.',
  ],
  ['link-text', 'For the guidance click here.', 'Read the guidance: https://example.com/guidance'],
  ['secure-tag', '[secure] Hello', 'Hello, this is secure'],
  ['missing-attachment', 'As the attached guidance says.', 'As the guidance says, attached to no condition.'],
  ['missing-attachment', 'The guidance is attached.', 'The guidance is online.'],
  [
    'unreachable-audience',
    'People without an NHSmail account keep their password.\n\nWe will write to you directly at your NHSmail address.',
    'People with an NHSmail account check it.\n\nWe will write to you directly at your NHSmail address.',
  ],
  [
    'unreachable-audience',
    'If your addresses do not match, ask for an account.\n\nWe send this directly to the NHSmail address registered.',
    'If your addresses do not match, ask for an account.\n\nWe also write to users directly. Your commissioner tells the others.',
  ],
  [
    'contradiction',
    'If you have an NHSmail account, sign in with single sign-on. If you have an NHSmail account, keep using your password.',
    'If you have an NHSmail account, sign in with single sign-on. If you do not have an NHSmail account, keep using your password.',
  ],
  [
    'contradiction',
    'From Monday you sign in with single sign-on.\n\nContinue to sign in with your username and password.',
    'From Monday you sign in with single sign-on.\n\nPeople who have no NHSmail account continue with their username and password.',
  ],
  [
    'contradiction',
    'Users without an NHSmail account\n\n1. Log in via SSO.\n2. Keep your username and password.',
    'Users without an NHSmail account\n\n1. You cannot log in via SSO.\n2. Keep your username and password.',
  ],
])('%s', (rule, faulty, sound, options) => {
  it(`is found in ${JSON.stringify(faulty)}`, () => {
    expect(lintText(faulty, options).map((finding) => finding.rule)).toContain(rule);
  });

  it(`is not found in ${JSON.stringify(sound)}`, () => {
    expect(lintText(sound, options).map((finding) => finding.rule)).not.toContain(rule);
  });
});

it('counts attachments that go with the message', () => {
  expect(rules('See the attached guidance.', { attachments: ['guidance.pdf'] })).toEqual([]);
});
