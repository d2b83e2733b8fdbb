import { Injectable } from '@nestjs/common';
import { type DeclarationWindow, type WindowTimes } from '../deadlines/index.js';
import { type CompiledTemplate, TemplateCatalogue } from '../rendering/index.js';
import { CorrectionRepository } from './correction.repository.js';
import { type AllDates, type Told, type ToldDates, wrongDatesOf } from './correction.rules.js';

const DATES = new Set(['window.cutoff', 'window.reopening', 'window.pcse']);

/** Asks the ledger who was told what. */
@Injectable()
export class CorrectionAudience {
  constructor(
    private readonly repository: CorrectionRepository,
    private readonly templates: TemplateCatalogue,
  ) {}

  /** Answers, for all accounts of a person, which dates they were told that are not the window's dates now. */
  async wrongDates(window: DeclarationWindow): Promise<(accountIds: readonly string[]) => AllDates | undefined> {
    const told = await this.told(window);
    return (accountIds) => wrongDatesOf(accountIds, told, datesToldOf(window));
  }

  /** Whether there is anybody to correct. */
  async isWanted(window: DeclarationWindow): Promise<boolean> {
    const told = await this.told(window);
    return [...told.keys()].some((accountId) => wrongDatesOf([accountId], told, datesToldOf(window)) !== undefined);
  }

  /** Who has had the message of this campaign, or of one for whoever it did not reach: `<account> <topic>`. */
  async toldByCampaign(campaignId: string): Promise<ReadonlySet<string>> {
    return this.repository.toldByCampaign(campaignId);
  }

  private async told(window: DeclarationWindow): Promise<ReadonlyMap<string, Told>> {
    const all = this.templates.names().map((name) => this.templates.get(name));
    const namesOf = (tells: (template: CompiledTemplate) => boolean) => all.filter(tells).map(({ name }) => name);
    const telling = { payment: namesOf(tellsDates), signIn: namesOf(tellsSignIn) };
    return this.repository.told(window.id, allDatesOf(window), telling);
  }
}

/** The payment dates of a window in the form in which messages carry them. */
export function datesToldOf(window: Pick<DeclarationWindow, 'cutoff' | 'reopening' | 'pcse'>): ToldDates {
  return { cutoff: window.cutoff.isoLocal(), reopening: window.reopening.date, pcse: window.pcse.date };
}

/** All dates of a window, as every message carries them. */
export function allDatesOf(window: WindowTimes): AllDates {
  return { ...datesToldOf(window), ...(window.signInChange && { signInChange: window.signInChange.date }) };
}

/** Whether it tells dates of payments. Guidance, for instance, has told nobody a wrong one. */
function tellsDates({ placeholders }: CompiledTemplate): boolean {
  return placeholders.some(({ path }) => DATES.has(path));
}

function tellsSignIn({ placeholders }: CompiledTemplate): boolean {
  return placeholders.some(({ path }) => path === 'window.signInChange');
}
