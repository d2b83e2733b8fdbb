import { z } from 'zod';
import { SEGMENTS } from '../segments/index.js';
import { parseEmailAddress } from '../shared/email-address.js';
import { isoInstantSchema } from '../shared/london-time.js';
import { odsCodeSchema } from '../shared/ods-code.js';
import { lineOf } from '../shared/text.schema.js';
import { CAMPAIGN_KINDS } from './campaign.kinds.js';

const codes = z.array(odsCodeSchema).max(20_000).default([]);

/** Who a campaign is for, before rules and routes decide. Empty lists mean "everybody". */
export const audienceSchema = z
  .strictObject({
    regions: codes,
    commissioners: codes,
    organisations: codes,
    segments: z.array(z.enum(SEGMENTS)).default([]),
    /**
     * `registered`: write to whatever address the account holds. `nhsmail-only`: write only to registered NHSmail
     * addresses, as the source message does; the people it leaves out are shown in the plan, reached by the cascade.
     */
    reach: z.enum(['registered', 'nhsmail-only']).default('registered'),
  })
  .meta({ id: 'CampaignAudience' });
export type CampaignAudience = z.infer<typeof audienceSchema>;

/** As it is shown in the email: no name beside it, and nothing else that an import would clean away. */
export const deskEmailSchema = z.email().refine((text) => parseEmailAddress(text).ok, 'Expected an email address');

/**
 * A host by its name and what may follow it in ASCII: nothing that looks like the host and is none
 * (https://www.nhs.uk@elsewhere.example), and nothing that ends a link in a plain text.
 */
const WEB_ADDRESS =
  /^https?:\/\/(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)*[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?::[0-9]{1,4})?(?:[/?#][!#-;=?-[\]-~]*)?$/;

export const guidanceUrlSchema = z.url({ protocol: /^https?$/ }).regex(WEB_ADDRESS);

export const optionsSchema = z
  .strictObject({
    /** Share of the approved recipients that may have joined, left or changed at launch before approval lapses. */
    driftThreshold: z.number().min(0).max(1).default(0.02),
    serviceDesk: z
      .strictObject({
        name: lineOf({ min: 1, max: 100 }),
        phone: lineOf({ min: 0, max: 40 }).optional(),
        email: deskEmailSchema.optional(),
      })
      .default({ name: 'CQRS service desk' }),
    /** Default: as the service is configured. */
    guidanceUrl: guidanceUrlSchema.optional(),
    senderName: lineOf({ min: 1, max: 100 }).default('The CQRS team'),
  })
  .meta({ id: 'CampaignOptions' });
export type CampaignOptions = z.infer<typeof optionsSchema>;

export const campaignInputSchema = z
  .strictObject({
    name: lineOf({ min: 1, max: 200 }),
    kind: z.enum(CAMPAIGN_KINDS),
    windowId: z.uuid(),
    audience: audienceSchema.prefault({}),
    options: optionsSchema.prefault({}),
    /** When the first message leaves; null is at once when scheduled. Reminder ladders take their times from the window. */
    launchAt: isoInstantSchema.nullable().default(null),
    /** Waits for a person to release it. Default: as the kind says. */
    heldBack: z.boolean().optional(),
  })
  .meta({
    id: 'CampaignInput',
    examples: [
      {
        name: 'Sign-in change and September cutoff',
        kind: 'sign-in-notice',
        windowId: '7f9d5c1e-6f1b-5d0a-9a57-0d1f1f6f2c11',
        audience: { regions: ['Y63'] },
        launchAt: '2026-09-07T09:00:00+01:00',
      },
    ],
  });
export type CampaignInput = z.input<typeof campaignInputSchema>;

export const campaignCloneSchema = z
  .strictObject({
    windowId: z.uuid().describe('The declaration window of the new campaign'),
    name: lineOf({ min: 1, max: 200 }).optional(),
  })
  .meta({
    id: 'CampaignClone',
    examples: [{ windowId: '7f9d5c1e-6f1b-5d0a-9a57-0d1f1f6f2c11', name: 'Sign-in change, October' }],
  });
export type CampaignClone = z.infer<typeof campaignCloneSchema>;
