import { type Permission, type Principal } from '../access/index.js';

interface Section {
  readonly id: string;
  readonly text: string;
  readonly href: string;
  /** Whoever holds one of them sees the section; none: everybody does. */
  readonly permissions: readonly Permission[];
  /** Not for whoever acts for one region. */
  readonly wholeCountry?: true;
}

const SECTIONS: readonly Section[] = [
  { id: 'home', text: 'Home', href: '/', permissions: [] },
  { id: 'campaigns', text: 'Campaigns', href: '/campaigns', permissions: ['campaign:read'] },
  { id: 'cascades', text: 'Cascades', href: '/cascades', permissions: ['cascade:read'] },
  { id: 'people', text: 'People', href: '/people', permissions: ['directory:read'] },
  { id: 'practices', text: 'Practices', href: '/practices', permissions: ['directory:read'] },
  { id: 'windows', text: 'Windows', href: '/windows', permissions: ['window:read'] },
  { id: 'imports', text: 'Imports', href: '/imports', permissions: ['directory:read'] },
  { id: 'delivery', text: 'Delivery', href: '/delivery', permissions: ['message:read'] },
  { id: 'inbox', text: 'Captured mail', href: '/inbox', permissions: ['message:read'], wholeCountry: true },
  { id: 'settings', text: 'Settings', href: '/settings', permissions: ['person:manage', 'key:manage', 'audit:read'] },
];

export interface NavigationItem {
  readonly text: string;
  readonly href: string;
  readonly current: boolean;
}

/** The sections that somebody may open; `current` is the id of the one they are in. */
export function navigationFor({ permissions, region }: Principal, current: unknown): NavigationItem[] {
  return SECTIONS.filter(
    (section) =>
      (section.permissions.length === 0 ||
        section.permissions.some((permission) => permissions.includes(permission))) &&
      !(section.wholeCountry && region !== undefined),
  ).map(({ id, text, href }) => ({ text, href, current: id === current }));
}
