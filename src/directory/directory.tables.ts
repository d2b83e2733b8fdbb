import { type ColumnType, type Generated, type GeneratedAlways } from 'kysely';

export const ORGANISATION_KINDS = ['region', 'icb', 'commissioner', 'practice', 'trust', 'other'] as const;
export type OrganisationKind = (typeof ORGANISATION_KINDS)[number];

export const ORGANISATION_STATUSES = ['active', 'closed', 'dormant', 'proposed'] as const;
export type OrganisationStatus = (typeof ORGANISATION_STATUSES)[number];

export const ACCOUNT_STATUSES = ['active', 'disabled'] as const;
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number];

export const NHSMAIL_TYPES = ['person', 'shared', 'application', 'list'] as const;
export type NhsmailType = (typeof NHSMAIL_TYPES)[number];

export const NHSMAIL_STATUSES = ['active', 'inactive', 'leaver', 'disabled', 'deleted'] as const;
export type NhsmailStatus = (typeof NHSMAIL_STATUSES)[number];

export const IMPORT_KINDS = ['organisations', 'accounts', 'nhsmail', 'no-nhsmail', 'declarations'] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];
/** Of those, what the directory itself takes in. */
export type DirectoryFileKind = Exclude<ImportKind, 'declarations'>;

/** The role names of CQRS, in its own order. */
export const CQRS_ROLES = [
  'View',
  'Finance View',
  'Declaration Management',
  'Approval Management',
  'Finance Management',
  'User Administrator',
  'Advanced User Administrator',
] as const;
export type CqrsRole = (typeof CQRS_ROLES)[number];

/** What a file says of an organisation. Dates are calendar days as `YYYY-MM-DD`. */
export interface OrganisationFacts {
  code: string;
  kind: OrganisationKind;
  name: string;
  status: OrganisationStatus;
  region_code: string | null;
  icb_code: string | null;
  commissioner_code: string | null;
  /** A GP practice of England, open or not. The audience is `is_gp_practice and status = 'active'`. */
  is_gp_practice: boolean;
  postcode: string | null;
  opened_on: string | null;
  closed_on: string | null;
  /** When it joined its commissioner. */
  joined_on: string | null;
  left_on: string | null;
}

export interface OrganisationTable extends OrganisationFacts {
  facts_hash: string;
  /** The name as searches compare it. */
  search_name: GeneratedAlways<string>;
  batch_id: number;
}

export interface OrganisationVersionTable extends OrganisationTable {
  dated_on: string;
  file_dated_on: string;
}

/** A view: one row for each fact of an organisation that changed from one version to the next. */
export interface OrganisationHistoryView {
  code: string;
  field: 'status' | 'name' | 'region' | 'icb' | 'commissioner';
  before_value: string | null;
  after_value: string | null;
  effective_on: string;
  batch_id: number;
}

export interface AccountTable {
  id: string;
  first_name: string;
  last_name: string;
  /** As registered in CQRS, good or bad. */
  email: string | null;
  /** Null when the registered text is no address. */
  email_normalised: string | null;
  /** 'disabled' also for an account that has gone from the export. */
  status: AccountStatus;
  last_sign_in: string | null;
  /** `personNameKey`; empty when half of the name is missing. */
  name_key: string;
  gone_at: Date | null;
  /** What imports compare. */
  facts_hash: Generated<string>;
  /** Names and address as searches compare them. */
  search_text: GeneratedAlways<string>;
  batch_id: number;
}

export interface MembershipTable {
  account_id: string;
  organisation_code: string;
  roles: CqrsRole[];
  unknown_roles: string[];
}

export interface NhsmailEntryTable {
  /** Normalised. */
  address: string;
  first_name: string;
  last_name: string;
  /** `personNameKey`; empty when half of the name is missing. */
  name_key: string;
  organisation_code: string | null;
  type: NhsmailType;
  /** 'deleted' also for an address that has gone from the extract. */
  status: NhsmailStatus;
  cqrs_account_id: string | null;
  gone_at: Date | null;
  /** What imports compare. */
  facts_hash: Generated<string>;
  batch_id: number;
}

export interface NhsmailAliasTable {
  /** Normalised. */
  alias: string;
  address: string;
}

export interface NoNhsmailTable {
  account_id: string;
  confirmed_on: string;
  batch_id: number;
}

export interface ImportBatchTable {
  id: Generated<number>;
  kind: ImportKind;
  files: ColumnType<unknown, string, never>;
  added: number;
  changed: number;
  gone: number;
  unchanged: number;
  /** The import that this one put back. */
  undoes: Generated<number | null>;
  imported_by: string;
  applied_at: Date;
}

export interface ImportPreviousTable {
  batch_id: number;
  key: string;
  before: unknown;
}

/** The tables of this module, for repositories further down that join them. Only imports write to them. */
export interface DirectoryTables {
  organisation: OrganisationTable;
  organisation_version: OrganisationVersionTable;
  organisation_history: OrganisationHistoryView;
  account: AccountTable;
  membership: MembershipTable;
  nhsmail_entry: NhsmailEntryTable;
  nhsmail_alias: NhsmailAliasTable;
  no_nhsmail: NoNhsmailTable;
  import_batch: ImportBatchTable;
  import_previous: ImportPreviousTable;
}
