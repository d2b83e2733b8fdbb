/** The roles of people. Somebody may have several; an API key has none, only permissions. */
export const ACCESS_ROLES = ['viewer', 'author', 'approver', 'operator', 'admin'] as const;
export type AccessRole = (typeof ACCESS_ROLES)[number];
