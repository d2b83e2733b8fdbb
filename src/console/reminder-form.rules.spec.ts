import { DEFAULT_REMINDER_POLICY, reminderPolicySchema } from '../deadlines/index.js';
import { stepsOf, type TypedStep, typedStepsOf, typedStepsSchema } from './reminder-form.rules.js';

const row = (more: Partial<TypedStep>): TypedStep => ({
  id: '',
  label: '',
  kind: 'working-days-before',
  number: '3',
  time: '09:00',
  removed: false,
  ...more,
});

describe('the reminders of a form', () => {
  it('are those of the policy when nothing was changed', () => {
    expect(stepsOf(typedStepsOf(DEFAULT_REMINDER_POLICY, 2))).toEqual({
      steps: DEFAULT_REMINDER_POLICY.steps,
      faults: [],
    });
  });

  it('keep the name of a step whose time alone changes, as the ledger knows it by that', () => {
    const [first] = typedStepsOf(DEFAULT_REMINDER_POLICY, 0);
    const { steps } = stepsOf([{ ...(first as TypedStep), time: '14:30' }]);
    expect(steps).toEqual([{ ...DEFAULT_REMINDER_POLICY.steps[0], at: '14:30' }]);
  });

  it('are always ones that the deadlines take, also two on one day', () => {
    const { steps, faults } = stepsOf([
      row({}),
      row({ time: '9:00', number: '2' }),
      row({ time: '15:00' }),
      row({ kind: 'hours-before', number: '1.5' }),
    ]);
    expect(faults).toEqual([]);
    expect(reminderPolicySchema.safeParse({ ...DEFAULT_REMINDER_POLICY, steps }).success).toBe(true);
    expect(steps.map(({ id }) => id)).toEqual(['3-working-days', '2-working-days', '3-working-days-1500', '1-5-hours']);
  });

  it.each<[string, TypedStep, string, string]>([
    ['a number that is none', row({ number: 'x' }), 'number-0', 'Reminder 1: enter working days from 1 to 60'],
    ['too many days', row({ number: '61' }), 'number-0', 'Reminder 1: enter working days from 1 to 60'],
    ['no hours', row({ kind: 'hours-before', number: '0' }), 'number-0', 'Reminder 1: enter hours from 1 to 240'],
    ['a time that is none', row({ time: '25:00' }), 'time-0', 'Reminder 1: enter a time like 09:00'],
  ])('are refused with %s, beside the field', (_, typed, field, message) => {
    expect(stepsOf([typed])).toEqual({ steps: [], faults: [{ field, message }] });
  });

  it('are refused twice at one time', () => {
    expect(stepsOf([row({}), row({})]).faults).toEqual([
      { field: 'number-1', message: 'Reminder 2: it is the same as reminder 1' },
    ]);
  });

  it('go when they are removed, and blank rows are none', () => {
    const rows = typedStepsSchema.parse({
      id: ['10-working-days', ''],
      label: ['10 working days before', ''],
      kind: ['working-days-before', 'working-days-before'],
      number: ['10', ''],
      time: ['09:00', '09:00'],
      removed: '0',
    });
    expect(stepsOf(rows)).toEqual({ steps: [], faults: [] });
  });
});
