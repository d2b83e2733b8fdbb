import { type TreeKind } from './step.rules.js';

/** An organisation as the directory has it. */
export interface TreeSource {
  readonly code: string;
  readonly kind: TreeKind;
  readonly name: string;
  readonly regionCode: string | null;
  /** Of a practice. */
  readonly commissionerCode: string | null;
}

/** Which part of the country a cascade is for; three empty lists are all of it. */
export interface TreeScope {
  readonly regions: readonly string[];
  readonly commissioners: readonly string[];
  readonly organisations: readonly string[];
}

export const EVERYWHERE: TreeScope = { regions: [], commissioners: [], organisations: [] };

/** A place in the tree. A practice without a known commissioner keeps its place, so that reports can show it. */
export interface TreeNode extends TreeSource {
  /** Of a commissioner, itself: what is grouped by commissioner then holds the commissioner too. */
  readonly commissionerCode: string | null;
}

/**
 * The tree of those organisations: the practices in scope with the commissioners and regions above them, and the
 * commissioners and regions in scope even when no practice is. A practice belongs to its commissioner's region.
 */
export function treeOf(organisations: readonly TreeSource[], scope: TreeScope): TreeNode[] {
  const byCode = new Map(organisations.map((organisation) => [organisation.code, organisation]));
  const nodes = organisations.map((organisation): TreeNode => {
    if (organisation.kind === 'region')
      return { ...organisation, regionCode: organisation.code, commissionerCode: null };
    if (organisation.kind === 'commissioner') return { ...organisation, commissionerCode: organisation.code };
    const commissioner = byCode.get(organisation.commissionerCode ?? '');
    return commissioner
      ? { ...organisation, regionCode: commissioner.regionCode }
      : { ...organisation, commissionerCode: null };
  });
  const named = nodes.filter((node) => isNamed(node, scope));
  const above = new Set(named.flatMap(({ regionCode, commissionerCode }) => [regionCode, commissionerCode]));
  const wanted = new Set(named.map(({ code }) => code));
  return nodes.filter(({ code }) => wanted.has(code) || above.has(code));
}

function isNamed(node: TreeNode, { regions, commissioners, organisations }: TreeScope): boolean {
  if (regions.length + commissioners.length + organisations.length === 0) return true;
  return (
    organisations.includes(node.code) ||
    (node.commissionerCode !== null && commissioners.includes(node.commissionerCode)) ||
    (node.regionCode !== null && regions.includes(node.regionCode))
  );
}
