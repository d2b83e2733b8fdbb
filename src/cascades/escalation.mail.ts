import { commissionerValues, regionValues, totalsOf } from '../campaigns/index.js';
import { type Route } from '../delivery/index.js';
import { type OrganisationFigures } from './escalation.repository.js';

export interface RequestContent {
  readonly template: 'cascade-request' | 'cascade-request-region' | 'cascade-practice';
  /** `direct`: past whoever was to pass it on. */
  readonly route: Route;
  readonly values: Readonly<Record<string, unknown>>;
}

/** What a request says, by the figures of the tree: the same as at the launch, with what has changed since. */
export class RequestContents {
  private readonly byCode: ReadonlyMap<string, OrganisationFigures>;

  constructor(private readonly figures: readonly OrganisationFigures[]) {
    this.byCode = new Map(figures.map((figure) => [figure.code, figure]));
  }

  get(code: string): OrganisationFigures | undefined {
    return this.byCode.get(code);
  }

  /** To a practice about itself, when nobody has passed the message on to it. */
  toPractice(figure: OrganisationFigures): RequestContent {
    return {
      template: 'cascade-practice',
      route: 'direct',
      values: { organisation: { code: figure.code, name: figure.name }, totals: totalsOf([figure]) },
    };
  }

  /** To a commissioner about its practices, those at risk first. */
  toCommissioner(figure: OrganisationFigures): RequestContent {
    return {
      template: 'cascade-request',
      route: 'cascade',
      values: commissionerValues(figure, this.practicesOf(figure.code)),
    };
  }

  /** To whoever stands above, about those of its commissioners. */
  aboutCommissioners(
    organisation: { readonly code: string; readonly name: string },
    commissioners: readonly string[],
  ): RequestContent {
    const rows = commissioners.flatMap((code) => {
      const figure = this.byCode.get(code);
      return figure ? [{ ...figure, lines: this.practicesOf(code) }] : [];
    });
    return { template: 'cascade-request-region', route: 'cascade', values: regionValues(organisation, rows) };
  }

  /** In code order. */
  commissionersOf(region: string): string[] {
    return this.figures
      .filter(({ kind, regionCode }) => kind === 'commissioner' && regionCode === region)
      .map(({ code }) => code);
  }

  private practicesOf(commissioner: string): OrganisationFigures[] {
    return this.figures.filter(
      ({ kind, commissionerCode }) => kind === 'practice' && commissionerCode === commissioner,
    );
  }
}
