import type { CqrsRole } from '../directory/index.js';
import type { Segment } from './segment.types.js';

export interface ReadinessOrganisation {
  readonly code: string;
  readonly kind: 'practice' | 'commissioner' | 'region';
  readonly regionCode: string | null;
}

/** What readiness needs of a classified account. */
export interface ReadinessAccount {
  readonly segment: Segment;
  readonly memberships: readonly { readonly code: string; readonly roles: readonly CqrsRole[] }[];
}

/** Numbers of accounts that can still sign in after the change, in all and by what they may do in this organisation. */
export interface Readiness {
  readonly organisation: string;
  readonly kind: ReadinessOrganisation['kind'];
  /**
   * Payment may be missed: in a practice nobody who may declare can sign in; in a commissioner nobody who may approve,
   * or nobody who may financially approve. A region is at risk when a practice or commissioner of it is.
   */
  readonly atRisk: boolean;
  readonly canSignIn: number;
  readonly canDeclare: number;
  readonly canApprove: number;
  readonly canFinanciallyApprove: number;
  /** Not at risk only thanks to NHSmail addresses that the directory does not confirm. */
  readonly reliesOnUnconfirmed: boolean;
  /** Of a region: how many of its practices and commissioners are at risk. */
  readonly practicesAtRisk?: number;
  readonly commissionersAtRisk?: number;
}

/**
 * Who signs in after the change. `nhsmail-unconfirmed` counts: an NHSmail address is registered and nothing speaks
 * against it, and without a directory extract every account would be one; `reliesOnUnconfirmed` says where readiness
 * hangs on that. `without-nhsmail` keeps its password. `unknown` does not count: it may turn out either way.
 */
const SIGNS_IN: Readonly<Record<Segment, 'yes' | 'unconfirmed' | 'no'>> = {
  nhsmail: 'yes',
  'without-nhsmail': 'yes',
  'nhsmail-unconfirmed': 'unconfirmed',
  mismatched: 'no',
  unknown: 'no',
  'not-a-person': 'no',
  invalid: 'no',
  excluded: 'no',
};

const ABILITIES = {
  canDeclare: 'Declaration Management',
  canApprove: 'Approval Management',
  canFinanciallyApprove: 'Finance Management',
} as const satisfies Record<string, CqrsRole>;
type Ability = keyof typeof ABILITIES;
const ABILITY_NAMES = Object.keys(ABILITIES) as Ability[];

/** Without whom an organisation's payment stops. Regions neither declare nor approve. */
const NEEDED: Readonly<Record<ReadinessOrganisation['kind'], readonly Ability[]>> = {
  practice: ['canDeclare'],
  commissioner: ['canApprove', 'canFinanciallyApprove'],
  region: [],
};

type Counts = Record<'canSignIn' | Ability, number>;
interface Tally {
  readonly confirmed: Counts;
  readonly all: Counts;
}

/** Counts accounts as they stream past; holds one small tally for each organisation. */
export class ReadinessTally {
  private readonly tallies = new Map<string, Tally>();
  private readonly byCode: ReadonlyMap<string, ReadinessOrganisation>;

  constructor(private readonly organisations: readonly ReadinessOrganisation[]) {
    this.byCode = new Map(organisations.map((organisation) => [organisation.code, organisation]));
    for (const { code } of organisations) this.tallies.set(code, { confirmed: noneYet(), all: noneYet() });
  }

  add({ segment, memberships }: ReadinessAccount): void {
    const signsIn = SIGNS_IN[segment];
    if (signsIn === 'no') return;
    for (const [code, roles] of this.rolesByOrganisation(memberships)) {
      const tally = this.tallies.get(code);
      if (!tally) continue;
      count(tally.all, roles);
      if (signsIn === 'yes') count(tally.confirmed, roles);
    }
  }

  /** One row for each organisation, those at risk first, then by code: also for organisations without any account. */
  rows(): Readiness[] {
    const below = this.organisations.filter(({ kind }) => kind !== 'region').map((each) => this.row(each));
    const regions = this.organisations
      .filter(({ kind }) => kind === 'region')
      .map((region): Readiness => {
        const members = below.filter(({ organisation }) => this.byCode.get(organisation)?.regionCode === region.code);
        const atRisk = members.filter((member) => member.atRisk);
        return {
          ...this.row(region),
          atRisk: atRisk.length > 0,
          reliesOnUnconfirmed: atRisk.length === 0 && members.some(({ reliesOnUnconfirmed }) => reliesOnUnconfirmed),
          practicesAtRisk: atRisk.filter(({ kind }) => kind === 'practice').length,
          commissionersAtRisk: atRisk.filter(({ kind }) => kind === 'commissioner').length,
        };
      });
    return [...regions, ...below].sort(
      (a, b) => Number(b.atRisk) - Number(a.atRisk) || (a.organisation < b.organisation ? -1 : 1),
    );
  }

  private row({ code, kind }: ReadinessOrganisation): Readiness {
    const { all, confirmed } = this.tallies.get(code) ?? { all: noneYet(), confirmed: noneYet() };
    const lacks = (counts: Counts): boolean => NEEDED[kind].some((ability) => counts[ability] === 0);
    return {
      organisation: code,
      kind,
      atRisk: lacks(all),
      ...all,
      reliesOnUnconfirmed: !lacks(all) && lacks(confirmed),
    };
  }

  /** An account counts once in its region, with the roles of all its memberships there. */
  private rolesByOrganisation(memberships: ReadinessAccount['memberships']): Map<string, Set<CqrsRole>> {
    const roles = new Map<string, Set<CqrsRole>>();
    for (const membership of memberships) {
      const region = this.byCode.get(membership.code)?.regionCode;
      for (const code of new Set([membership.code, region ?? membership.code])) {
        roles.set(code, new Set([...(roles.get(code) ?? []), ...membership.roles]));
      }
    }
    return roles;
  }
}

function noneYet(): Counts {
  return { canSignIn: 0, canDeclare: 0, canApprove: 0, canFinanciallyApprove: 0 };
}

function count(counts: Counts, roles: ReadonlySet<CqrsRole>): void {
  counts.canSignIn += 1;
  for (const ability of ABILITY_NAMES) if (roles.has(ABILITIES[ability])) counts[ability] += 1;
}
