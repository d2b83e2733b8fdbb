import { Injectable } from '@nestjs/common';
import { type DeclarationWindow } from '../deadlines/index.js';
import { type CompiledTemplate, TemplateCatalogue } from '../rendering/index.js';
import { CorrectionRepository } from './correction.repository.js';
import { type Told, type ToldDates, wrongDatesOf } from './correction.rules.js';

const DATES = new Set(['window.cutoff', 'window.reopening', 'window.pcse']);

/** Asks the ledger who was told what. */
@Injectable()
export class CorrectionAudience {
  constructor(
    private readonly repository: CorrectionRepository,
    private readonly templates: TemplateCatalogue,
  ) {}

  /** Answers, for all accounts of a person, which dates they were told that are not the window's dates now. */
  async wrongDates(window: DeclarationWindow): Promise<(accountIds: readonly string[]) => ToldDates | undefined> {
    const told = await this.told(window);
    return (accountIds) => wrongDatesOf(accountIds, told);
  }

  /** Whether there is anybody to correct. */
  async isWanted(window: DeclarationWindow): Promise<boolean> {
    const told = await this.told(window);
    return [...told.keys()].some((accountId) => wrongDatesOf([accountId], told) !== undefined);
  }

  /** Who has had this campaign's message already: `<person> <topic>`. */
  async toldByCampaign(campaignId: string): Promise<ReadonlySet<string>> {
    return this.repository.toldByCampaign(campaignId);
  }

  private async told(window: DeclarationWindow): Promise<ReadonlyMap<string, Told>> {
    const telling = this.templates.names().filter((name) => tellsDates(this.templates.get(name)));
    return this.repository.told(window.id, datesToldOf(window), telling);
  }
}

/** The dates of a window in the form in which messages carry them. */
export function datesToldOf(window: Pick<DeclarationWindow, 'cutoff' | 'reopening' | 'pcse'>): ToldDates {
  return { cutoff: window.cutoff.isoLocal(), reopening: window.reopening.date, pcse: window.pcse.date };
}

/** Guidance without a payment date in it, for instance, has told nobody a wrong one. */
export function tellsDates({ placeholders }: CompiledTemplate): boolean {
  return placeholders.some(({ path }) => DATES.has(path));
}
