import { EVERYWHERE, treeOf, type TreeSource } from './tree.rules.js';

const region: TreeSource = { code: 'Y63', kind: 'region', name: 'NORTH', regionCode: null, commissionerCode: null };
const commissioner: TreeSource = {
  code: '16C',
  kind: 'commissioner',
  name: 'C',
  regionCode: 'Y63',
  commissionerCode: null,
};
const practice: TreeSource = { code: 'A81001', kind: 'practice', name: 'P', regionCode: null, commissionerCode: '16C' };
const orphan: TreeSource = { code: 'A81009', kind: 'practice', name: 'O', regionCode: null, commissionerCode: '00X' };
const other: TreeSource = { code: 'B81001', kind: 'practice', name: 'Q', regionCode: 'Y62', commissionerCode: '01D' };
const otherCommissioner: TreeSource = {
  code: '01D',
  kind: 'commissioner',
  name: 'D',
  regionCode: 'Y62',
  commissionerCode: null,
};
const all = [region, commissioner, practice, orphan, other, otherCommissioner];

describe('treeOf', () => {
  it('puts every practice under its commissioner and that commissioner’s region', () => {
    const nodes = treeOf(all, EVERYWHERE);
    expect(nodes).toHaveLength(all.length);
    expect(nodes.find(({ code }) => code === 'A81001')).toMatchObject({ commissionerCode: '16C', regionCode: 'Y63' });
    expect(nodes.find(({ code }) => code === '16C')).toMatchObject({ commissionerCode: '16C', regionCode: 'Y63' });
  });

  it('keeps a practice whose commissioner no file knows, without one', () => {
    expect(treeOf(all, EVERYWHERE).find(({ code }) => code === 'A81009')).toMatchObject({ commissionerCode: null });
  });

  it('holds, for a part of the country, that part and what stands above it', () => {
    const codes = (scope: Partial<typeof EVERYWHERE>): string[] =>
      treeOf(all, { ...EVERYWHERE, ...scope }).map(({ code }) => code);
    expect(codes({ organisations: ['A81001'] })).toEqual(['Y63', '16C', 'A81001']);
    expect(codes({ commissioners: ['01D'] })).toEqual(['B81001', '01D']);
    expect(codes({ regions: ['Y63'] })).toEqual(['Y63', '16C', 'A81001']);
  });
});
