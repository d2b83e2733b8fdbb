const RETURNS = ['campaign.send-back', 'campaign.void-approval'];

/** What made a campaign a draft again, until it is submitted: somebody sent it back, or its approval lapsed. Newest first. */
export function returnedIn<T extends { readonly action: string }>(history: readonly T[]): T | undefined {
  const last = history.find(({ action }) => action === 'campaign.submit' || RETURNS.includes(action));
  return last && RETURNS.includes(last.action) ? last : undefined;
}
