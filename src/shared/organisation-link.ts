import { createHmac, timingSafeEqual } from 'node:crypto';

/** `answer`: say what became of a request; `confirm`: a practice says that it was told; `pack`: open a worklist. */
export const LINK_PURPOSES = ['answer', 'confirm', 'pack'] as const;
export type LinkPurpose = (typeof LINK_PURPOSES)[number];

/** What a link opens: one purpose, for one organisation, in one cascade, until an instant. It holds nothing of a person. */
export interface OrganisationLink {
  readonly purpose: LinkPurpose;
  /** UUID. A cascade that belongs to a campaign has the campaign's id. */
  readonly cascadeId: string;
  /** ODS code. */
  readonly organisation: string;
  /** Links of a generation before the organisation's present one are revoked. The first is 1. */
  readonly generation: number;
  /** The first instant at which the link opens nothing any more; whole seconds. */
  readonly expiresAt: Date;
}

/** The generation of every link that nobody has revoked. */
export const FIRST_GENERATION = 1;

/** A late answer still counts, so links outlive the round that they are about by this long. */
const OUTLIVES_DAYS = 90;
const DAY = 86_400_000;
const TOKEN = /^([a-z]+)\.([0-9a-f]{32})\.([A-Z0-9]{3,10})\.([1-9][0-9]{0,5})\.([0-9a-z]{1,8})\.([A-Za-z0-9_-]{22})$/;

/** When the links of a cascade end, given the end of its round. */
export function linksExpireAt(roundEnds: Date): Date {
  return new Date(Math.floor((roundEnds.getTime() + OUTLIVES_DAYS * DAY) / 1000) * 1000);
}

/** The address path of a link, `/cascade/<token>`. The same link gives the same path. */
export function organisationLinkPath(link: OrganisationLink, secret: string): string {
  return `/cascade/${organisationToken(link, secret)}`;
}

/** Names what the link opens and proves that this service made it (HMAC-SHA-256, 132 bits of it). */
export function organisationToken(link: OrganisationLink, secret: string): string {
  const { purpose, cascadeId, organisation, generation, expiresAt } = link;
  const id = cascadeId.replaceAll('-', '').toLowerCase();
  const payload = [purpose, id, organisation, generation, (expiresAt.getTime() / 1000).toString(36)].join('.');
  return `${payload}.${signatureOf(payload, secret)}`;
}

/**
 * What a token opens; undefined when this service did not make it or it was altered. Whether it has expired or was
 * revoked is for the reader to decide, as people are told which.
 */
export function readOrganisationToken(token: string, secret: string): OrganisationLink | undefined {
  const [, purpose, id, organisation, generation, expires, signature] = TOKEN.exec(token) ?? [];
  if (id === undefined || organisation === undefined || expires === undefined || signature === undefined)
    return undefined;
  const payload = token.slice(0, token.lastIndexOf('.'));
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(signatureOf(payload, secret)))) return undefined;
  const known = LINK_PURPOSES.find((each) => each === purpose);
  return (
    known && {
      purpose: known,
      cascadeId: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
      organisation,
      generation: Number(generation),
      expiresAt: new Date(parseInt(expires, 36) * 1000),
    }
  );
}

const signatureOf = (payload: string, secret: string): string =>
  createHmac('sha256', secret).update(`organisation-link:${payload}`).digest('base64url').slice(0, 22);
