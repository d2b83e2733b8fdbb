import { z } from 'zod';
import {
  CAMPAIGN_KINDS,
  type CampaignInput,
  type CampaignKind,
  type CampaignRow,
  deskEmailSchema,
  guidanceUrlSchema,
  KINDS,
} from '../campaigns/index.js';
import { type DeclarationWindow } from '../deadlines/index.js';
import { InvalidInputError } from '../shared/errors.js';
import { LondonTime, parseCalendarDate } from '../shared/london-time.js';
import { parseOdsCode } from '../shared/ods-code.js';
import { type Fault, faultsOf, faultsOfZod, type FormFaults } from './form.faults.js';
import { manyOf, typedDay } from './form.text.js';

export const STEPS = ['what', 'who', 'when', 'check'] as const;
export type Step = (typeof STEPS)[number];

const text = (limit: number) => z.string().max(limit).default('').catch('');

/** Everything the steps ask for, as the address of each page carries it: nothing is kept until the last button. */
export const answersSchema = z.object({
  /** The campaign that is being changed; empty for a new one. */
  edit: text(36),
  version: text(10),
  name: text(300),
  kind: text(40),
  guidanceUrl: text(500),
  deskName: text(200),
  deskPhone: text(100),
  deskEmail: text(200),
  everybody: text(5),
  regions: manyOf(z.string().max(10)),
  codes: text(20_000),
  reach: text(20),
  windowId: text(36),
  launch: text(10),
  'launch-day': text(2),
  'launch-month': text(2),
  'launch-year': text(4),
  'launch-time': text(5),
});
export type Answers = z.infer<typeof answersSchema>;

const whatSchema = z.object({
  kind: z.enum(CAMPAIGN_KINDS, 'Select what the campaign says'),
  name: z.string().trim().min(1, 'Enter a name for the campaign').max(200, 'The name must be 200 characters or less'),
  guidanceUrl: z
    .string()
    .trim()
    .refine((url) => url === '' || guidanceUrlSchema.safeParse(url).success, {
      message: 'The address of the guidance must start with https:// and hold no space, quotation mark or password',
    }),
  deskName: z
    .string()
    .trim()
    .min(1, 'Enter the name of the service desk')
    .max(100, 'The name of the service desk must be 100 characters or less'),
  deskPhone: z.string().trim().max(40, 'The telephone number must be 40 characters or less'),
  deskEmail: z
    .string()
    .trim()
    .refine((address) => address === '' || deskEmailSchema.safeParse(address).success, {
      message: 'Enter an email address in the correct format, like name@example.com',
    }),
});

/** What is wrong with the answers of one step. */
export function faultsOfStep(step: Step, answers: Answers, windows: readonly DeclarationWindow[]): FormFaults {
  switch (step) {
    case 'what': {
      const parsed = whatSchema.safeParse(answers);
      return parsed.success ? faultsOf([]) : faultsOfZod(parsed.error);
    }
    case 'who':
      return faultsOf(whoFaults(answers));
    case 'when':
      return faultsOf(whenFaults(answers, windows));
    case 'check':
      return faultsOf([]);
  }
}

/** The first step whose answers do not hold; `check` when all do. */
export function firstOpenStep(answers: Answers, windows: readonly DeclarationWindow[]): Step {
  return STEPS.find((step) => step === 'check' || faultsOfStep(step, answers, windows).list.length > 0) ?? 'check';
}

/** The answers as the campaign's service takes them. `codes`: what those that were typed turned out to be. */
export function inputOf(
  answers: Answers,
  codes: { readonly commissioners: readonly string[]; readonly organisations: readonly string[] },
): CampaignInput {
  const { deskPhone, deskEmail, guidanceUrl } = answers;
  return {
    name: answers.name,
    kind: answers.kind as CampaignInput['kind'],
    windowId: answers.windowId,
    audience: {
      regions: answers.everybody === 'no' ? answers.regions : [],
      commissioners: answers.everybody === 'no' ? [...codes.commissioners] : [],
      organisations: answers.everybody === 'no' ? [...codes.organisations] : [],
      reach: answers.reach === 'nhsmail-only' ? 'nhsmail-only' : 'registered',
    },
    options: {
      ...(guidanceUrl !== '' && { guidanceUrl }),
      serviceDesk: {
        name: answers.deskName,
        ...(deskPhone !== '' && { phone: deskPhone }),
        ...(deskEmail !== '' && { email: deskEmail }),
      },
    },
    launchAt: launchOf(answers)?.toInstant().toISOString() ?? null,
  };
}

/** The answers that would give this campaign. */
export function answersOf(campaign: CampaignRow): Answers {
  const { audience, options, launch_at: launchAt } = campaign;
  const codes = [...audience.commissioners, ...audience.organisations];
  const [date = '', time = ''] = launchAt ? LondonTime.fromInstant(launchAt).isoLocal().split('T') : [];
  const [year = '', month = '', day = ''] = date.split('-');
  return {
    edit: campaign.id,
    version: String(campaign.version),
    name: campaign.name,
    kind: campaign.kind,
    guidanceUrl: options.guidanceUrl ?? '',
    deskName: options.serviceDesk.name,
    deskPhone: options.serviceDesk.phone ?? '',
    deskEmail: options.serviceDesk.email ?? '',
    everybody: audience.regions.length + codes.length === 0 ? 'yes' : 'no',
    regions: [...audience.regions],
    codes: codes.join('\n'),
    reach: audience.reach,
    windowId: campaign.window_id,
    launch: launchAt ? 'later' : 'now',
    'launch-day': day.replace(/^0/, ''),
    'launch-month': month.replace(/^0/, ''),
    'launch-year': year,
    'launch-time': time,
  };
}

/** The ODS codes that were typed, one a line or separated by commas or spaces. */
export function codesOf({ codes }: Pick<Answers, 'codes'>): string[] {
  return codes
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map((code) => code.toUpperCase());
}

/** When it leaves, as London's clocks show it; undefined is at once when scheduled. */
export function launchOf(answers: Answers): LondonTime | undefined {
  const kind = kindOf(answers);
  const isLadder = kind !== undefined && KINDS[kind].schedule === 'ladder';
  return isLadder || answers.launch !== 'later' ? undefined : typedTime(answers);
}

/** The address of a step, with all answers so far. */
export function addressOf(step: Step, answers: Answers): string {
  return `/campaigns/new?${new URLSearchParams([['step', step], ...fieldsOf(answers)]).toString()}`;
}

/** The answers that were given, as a form or an address carries them: a list is a field several times. */
export function fieldsOf(answers: Readonly<Record<string, string | readonly string[]>>): [string, string][] {
  return Object.entries(answers)
    .flatMap(([field, value]) => [value].flat().map((each): [string, string] => [field, each]))
    .filter(([, value]) => value !== '');
}

/** Undefined until it is chosen. */
export function kindOf({ kind }: Pick<Answers, 'kind'>): CampaignKind | undefined {
  return CAMPAIGN_KINDS.find((each) => each === kind);
}

function whoFaults({ everybody, regions, codes, reach }: Answers): Fault[] {
  const faults: Fault[] = [];
  if (everybody !== 'yes' && everybody !== 'no') faults.push({ field: 'everybody', message: 'Select who it is for' });
  const typed = codesOf({ codes });
  if (everybody === 'no' && regions.length + typed.length === 0)
    faults.push({ field: 'everybody', message: 'Select a region, or enter the code of a practice or commissioner' });
  const bad = typed.find((code) => parseOdsCode(code) === undefined);
  if (everybody === 'no' && bad !== undefined)
    faults.push({ field: 'codes', message: 'Each code must be 3 to 10 letters and digits, like A81001' });
  if (reach !== 'registered' && reach !== 'nhsmail-only')
    faults.push({ field: 'reach', message: 'Select which addresses to write to' });
  return faults;
}

function whenFaults(answers: Answers, windows: readonly DeclarationWindow[]): Fault[] {
  const faults: Fault[] = [];
  const window = windows.find(({ id }) => id === answers.windowId);
  const chosen = kindOf(answers);
  const kind = chosen && KINDS[chosen];
  if (!window) faults.push({ field: 'windowId', message: 'Select the window whose dates the email gives' });
  else if (kind?.needsSignInChange && window.signInChange === null)
    faults.push({
      field: 'windowId',
      message: 'Select a window with a day on which sign-in changes: this one has none',
    });
  if (kind?.schedule === 'ladder') return faults;
  return [...faults, ...launchFaults(answers)];
}

/** What is wrong with the answers to when it leaves: now, or at a date and time. */
export function launchFaults(
  answers: Pick<Answers, 'launch' | 'launch-day' | 'launch-month' | 'launch-year' | 'launch-time'>,
): Fault[] {
  if (answers.launch === 'now') return [];
  if (answers.launch !== 'later') return [{ field: 'launch', message: 'Select when it leaves' }];
  try {
    typedTime(answers);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    const message = `Enter a real date and time, like 7 9 2026 and 09:00. ${error.message}`;
    return [{ field: 'launch-day', message }];
  }
}

/** The date and time of a form. @throws InvalidInputError when they are none. */
export function typedTime(
  answers: Pick<Answers, 'launch-day' | 'launch-month' | 'launch-year' | 'launch-time'>,
): LondonTime {
  const { 'launch-day': day, 'launch-month': month, 'launch-year': year, 'launch-time': time } = answers;
  return LondonTime.at(parseCalendarDate(typedDay(year, month, day)), time.padStart(5, '0'));
}
