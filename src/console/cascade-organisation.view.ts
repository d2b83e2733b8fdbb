import { Injectable } from '@nestjs/common';
import { type Principal } from '../access/index.js';
import {
  CascadeReports,
  type CascadeRow,
  CascadeService,
  type Coverage,
  COVERAGES,
  type OrganisationRow,
  WorklistService,
} from '../cascades/index.js';
import { type Config, InjectConfig, publicUrlOf } from '../platform/config/index.js';
import { Clock } from '../shared/clock.js';
import { actorWords } from './words.js';
import { CascadeReads } from './cascade.reads.js';
import { CascadeView } from './cascade.view.js';
import { SendingReads } from './sending.reads.js';

const PAGE = 50;

/** Puts together what the page of one organisation in a cascade shows. */
@Injectable()
export class CascadeOrganisationView {
  constructor(
    private readonly cascades: CascadeService,
    private readonly reports: CascadeReports,
    private readonly worklists: WorklistService,
    private readonly view: CascadeView,
    private readonly reads: CascadeReads,
    private readonly sending: SendingReads,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** What the page of an organisation shows; also beside a form on it that was refused. */
  async of(
    cascade: CascadeRow,
    organisation: OrganisationRow,
    { coverage, after }: { coverage?: Coverage | undefined; after?: string | undefined },
    principal: Principal,
  ) {
    const { code, kind } = organisation;
    const mayOperate = principal.permissions.includes('cascade:operate');
    const [step, nextOf, above, history, nudge, link, below, people] = await Promise.all([
      this.reads.stepOf(cascade.id, code),
      this.view.nextOf(cascade),
      this.above(cascade.id, organisation),
      this.history(cascade.id, code),
      mayOperate && kind !== 'practice' ? this.view.nudgeOne(cascade, code, principal) : undefined,
      mayOperate ? this.linkOf(cascade.id, code) : undefined,
      this.below(cascade, organisation, { coverage, after }),
      principal.permissions.includes('directory:read') && kind !== 'region'
        ? this.worklists.people(cascade.id, code)
        : undefined,
    ]);
    return {
      ...{ step, above, history, nudge, link, people },
      isLate: this.clock.now() > cascade.answer_by,
      next: nextOf(code),
      coverage,
      coverages: COVERAGES,
      ...below,
    };
  }

  async practices(
    cascade: CascadeRow,
    filter: Omit<Parameters<CascadeReports['practices']>[1], 'limit' | 'coverage' | 'after'> & {
      coverage: Coverage | undefined;
      after: string | undefined;
    },
  ) {
    const { coverage, after, ...others } = filter;
    const rows = await this.reports.practices(cascade.id, {
      limit: PAGE + 1,
      ...others,
      ...(coverage && { coverage }),
      ...(after !== undefined && { after }),
    });
    const shown = rows.slice(0, PAGE);
    return { rows: shown, next: rows.length > PAGE ? shown.at(-1)?.code : undefined };
  }

  private async below(
    cascade: CascadeRow,
    { code, kind }: OrganisationRow,
    { coverage, after }: { coverage: Coverage | undefined; after: string | undefined },
  ) {
    switch (kind) {
      case 'practice':
        return {};
      case 'commissioner': {
        const [total, practices] = await Promise.all([
          this.view.commissioner(cascade.id, code),
          this.practices(cascade, { coverage, after, commissionerCode: code }),
        ]);
        return { total, practices, query: coverage ? `coverage=${coverage}` : '' };
      }
      case 'region': {
        const [region, steps] = await Promise.all([
          this.view.region(cascade.id, code),
          this.reads.steps(cascade.id, { region: code }),
        ]);
        return { ...region, steps };
      }
    }
  }

  private async history(cascadeId: string, code: string) {
    const steps = await this.cascades.steps(cascadeId, code);
    const names = await this.sending.actorNames(steps.map(({ actor }) => actor));
    return steps.map((each) => ({ ...each, who: names.get(each.actor) ?? whoWords(each.actor) }));
  }

  private async linkOf(cascadeId: string, code: string) {
    const { path, expiresAt } = await this.cascades.link(cascadeId, code, 'answer');
    return { url: new URL(path, publicUrlOf(this.config)).href, expiresAt };
  }

  private async above(cascadeId: string, { kind, region_code, commissioner_code }: OrganisationRow) {
    const codes = [region_code, kind === 'practice' ? commissioner_code : null];
    if (kind === 'region') return [];
    const found = await Promise.all(
      codes.flatMap((code) => (code === null ? [] : [this.cascades.organisation(cascadeId, code)])),
    );
    return found.map(({ code, name }) => ({ code, name }));
  }
}

/** Who did a step: somebody of the team, whoever had an organisation's link, or the service. */
function whoWords(actor: string): string {
  return actor.startsWith('link:') ? `Somebody with the link of ${actor.slice(5)}` : actorWords(actor);
}
