import { z } from 'zod';

/** A London day (`2026-09-23`) or a London wall-clock time (`2026-09-23T08:00`) of which only the day is said. */
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?)?$/, 'Expected a London day as YYYY-MM-DD');
const wallClock = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/, 'Expected a London wall-clock time as YYYY-MM-DDTHH:mm');
const organisation = z.object({ code: z.string(), name: z.string() });

/**
 * The values that an email is made of: one schema for every template, so that a campaign builds one object for a
 * recipient whatever the template. What a template does not use is ignored; what it needs and does not get is reported
 * by `CompiledTemplate.missing`. Each value is described in `templates/partials/placeholders.yaml`.
 */
export const messageValuesSchema = z
  .object({
    person: z.object({ firstName: z.string(), fullName: z.string() }),
    /** Every account of the person that this email speaks of. `segment` is a segment name (`nhsmail`, `mismatched`…). */
    accounts: z.array(
      z.object({
        accountId: z.string().optional(),
        registeredAddress: z.string(),
        segment: z.string(),
        organisations: z.array(organisation).optional(),
        /** The registered address of the person's account under NHSmail, where they are to use that one and no new one. */
        useInstead: z.string().optional(),
      }),
    ),
    window: z.object({ cutoff: wallClock, reopening: day, pcse: day, signInChange: day }),
    /** What the recipient was told before: for a correction. */
    previousWindow: z.object({ cutoff: wallClock, reopening: day, pcse: day, signInChange: day.optional() }),
    /** The body that the email is about: the commissioner of a cascade, the region. */
    organisation,
    /** Practices that the recipient must act for or pass the message to. */
    practices: z.array(
      organisation.extend({
        /** In words: "not yet declared", "declared, not yet approved". */
        status: z.string().optional(),
        /** Nobody there can sign in and declare after the change, as things stand. */
        atRisk: z.boolean().optional(),
        /** How many people there need help to sign in. */
        peopleToHelp: z.number().int().optional(),
      }),
    ),
    commissioners: z.array(
      organisation.extend({
        practiceCount: z.number().int(),
        practicesAtRisk: z.number().int(),
        peopleToHelp: z.number().int(),
      }),
    ),
    totals: z.object({
      practices: z.number().int(),
      practicesAtRisk: z.number().int(),
      peopleToHelp: z.number().int(),
    }),
    serviceDesk: z.object({ name: z.string(), phone: z.string().optional(), email: z.string().optional() }),
    links: z.object({ guidance: z.url(), cqrs: z.url(), acknowledge: z.url().optional() }),
    sender: z.object({ name: z.string(), address: z.string() }),
  })
  .partial({ previousWindow: true, organisation: true, practices: true, commissioners: true, totals: true });

export type MessageValues = z.infer<typeof messageValuesSchema>;
