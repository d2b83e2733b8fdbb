import { z } from 'zod';
import { type DrillScope, MOST_DRILL_CONTACTS } from '../cascades/index.js';
import { parseOdsCode } from '../shared/ods-code.js';
import { answersSchema, launchFaults, typedTime } from './campaign-form.rules.js';
import { type Fault, faultsOf, type FormFaults } from './form.faults.js';

/** Everything the form of a rehearsal asks for. */
export const drillAnswersSchema = answersSchema
  .pick({
    name: true,
    everybody: true,
    regions: true,
    launch: true,
    'launch-day': true,
    'launch-month': true,
    'launch-year': true,
    'launch-time': true,
  })
  .extend({
    practices: z.enum(['yes', 'no', '']).catch('').default(''),
    contacts: z.string().trim().max(3).catch('').default(''),
  });
export type DrillAnswers = z.infer<typeof drillAnswersSchema>;

/** What is wrong with the answers. */
export function faultsOfDrill({ name, everybody, regions, practices, contacts, ...when }: DrillAnswers): FormFaults {
  const faults: Fault[] = [];
  if (name.trim() === '') faults.push({ field: 'name', message: 'Enter a name for the rehearsal' });
  else if (name.trim().length > 200) faults.push({ field: 'name', message: 'The name must be 200 characters or less' });
  if (everybody !== 'yes' && everybody !== 'no') faults.push({ field: 'everybody', message: 'Select who it is for' });
  if (everybody === 'no' && regions.length === 0) faults.push({ field: 'everybody', message: 'Select a region' });
  if (practices === '') faults.push({ field: 'practices', message: 'Select who is written to' });
  if (!/^\d+$/.test(contacts) || Number(contacts) < 1 || Number(contacts) > MOST_DRILL_CONTACTS)
    faults.push({ field: 'contacts', message: `Enter a number of people from 1 to ${MOST_DRILL_CONTACTS}` });
  return faultsOf([...faults, ...launchFaults(when)]);
}

/** The answers, when nothing is wrong with them, as the drill's service takes them. */
export function drillOf(answers: DrillAnswers): DrillScope {
  const { everybody, regions, practices, contacts, launch } = answers;
  return {
    regions: everybody === 'no' ? regions.flatMap((code) => parseOdsCode(code) ?? []) : [],
    practices: practices === 'yes',
    contacts: Number(contacts),
    ...(launch === 'later' && { at: typedTime(answers).toInstant() }),
  };
}
