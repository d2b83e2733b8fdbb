import { type INestApplicationContext } from '@nestjs/common';
import { type CampaignInput, type CampaignRow, CampaignService, KINDS } from '../campaigns/index.js';
import { BankHolidays, type DeclarationWindow } from '../deadlines/index.js';
import { SIMULATED } from './invented.people.js';

const HOUR = 3_600_000;

export interface SimulatedCampaigns {
  readonly ids: readonly string[];
  /** When somebody says that the guidance is ready. */
  readonly releases: readonly { readonly campaignId: string; readonly at: Date }[];
  readonly notes: readonly string[];
}

/** The window's campaigns that are approved or under way, as they are; the standard ones when there are none. */
export async function prepareCampaigns(
  app: INestApplicationContext,
  window: DeclarationWindow,
  start: Date,
): Promise<SimulatedCampaigns> {
  const service = app.get(CampaignService);
  const all = await service.list({ windowId: window.id, limit: 1_000 });
  const live = all.filter(({ state }) => ['approved', 'scheduled', 'sending', 'paused'].includes(state));
  const notes: string[] = [];
  if (live.length > 0) {
    for (const { id, state } of live) if (state === 'approved') await service.schedule(id, SIMULATED.operator);
    const others = all.length - live.length;
    if (others > 0) notes.push(`${others} campaigns that are not approved, or are over, take no part`);
    return { ids: live.map(({ id }) => id), releases: releasesOf(live, window, start), notes };
  }
  notes.push('The window has no campaign that is approved: the standard ones were drafted and approved');
  const made: CampaignRow[] = [];
  for (const input of standardCampaigns(window, start, app.get(BankHolidays).calendar)) {
    const { id } = await service.create(input, SIMULATED.author);
    const { hash, summary } = await service.plan(id);
    const missing = Object.values(summary.missing).flat();
    if (missing.length > 0) {
      notes.push(`${input.name} could not be approved: ${[...new Set(missing)].join(', ')} missing`);
      continue;
    }
    await service.submit(id, SIMULATED.author);
    await service.approve(id, hash, SIMULATED.approver);
    made.push(await service.schedule(id, SIMULATED.operator));
  }
  return { ids: made.map(({ id }) => id), releases: releasesOf(made, window, start), notes };
}

function standardCampaigns(
  window: DeclarationWindow,
  start: Date,
  calendar: BankHolidays['calendar'],
): CampaignInput[] {
  const cutoff = window.cutoff.toInstant();
  const first = calendar.addWorkingHours(start, 0, window.reminderPolicy.sendingHours);
  const before = first < cutoff ? (['sign-in-notice', 'cascade-request', 'payment-reminder'] as const) : [];
  const kinds = [...before, 'after-cutoff', 'guidance-follow-up'] as const;
  const launch = {
    'sign-in-notice': first,
    'cascade-request': first,
    'after-cutoff': new Date(cutoff.getTime() + HOUR),
  };
  return kinds
    .filter((kind) => window.signInChange !== null || !KINDS[kind].needsSignInChange)
    .map((kind) => ({
      name: KINDS[kind].title,
      kind,
      windowId: window.id,
      launchAt: kind in launch ? launch[kind as keyof typeof launch].toISOString() : null,
    }));
}

/** Held-back campaigns are released at their launch time, else when the sign-in changes. */
function releasesOf(campaigns: readonly CampaignRow[], window: DeclarationWindow, start: Date) {
  const ready = (window.signInChange ?? window.reopening).toInstant();
  return campaigns
    .filter(({ held_back, released_at }) => held_back && released_at === null)
    .map(({ id, launch_at }) => {
      const at = launch_at ?? ready;
      return { campaignId: id, at: at > start ? at : start };
    });
}
