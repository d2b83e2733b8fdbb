/** Whether trial mode lets a message out to this address. `allow` holds addresses, or domains that start with @. */
export function isAllowedInTrial(address: string, allow: readonly string[]): boolean {
  const normalised = address.trim().toLowerCase();
  const domain = normalised.slice(normalised.lastIndexOf('@'));
  return allow.some((entry) => entry === normalised || (entry.startsWith('@') && entry === domain));
}
