/**
 * The regions of NHS England, which no ODS file of ours lists. Source: ODS, organisation role RO209 (NHS England
 * regions as of 1 April 2019), and the wider regions before them, which closed practices still name.
 */
export const REGIONS: readonly { code: string; name: string; openedOn: string; closedOn: string | null }[] = [
  { code: 'Y56', name: 'London', openedOn: '2013-04-01', closedOn: null },
  { code: 'Y58', name: 'South West', openedOn: '2018-04-01', closedOn: null },
  { code: 'Y59', name: 'South East', openedOn: '2018-04-01', closedOn: null },
  { code: 'Y60', name: 'Midlands', openedOn: '2019-04-01', closedOn: null },
  { code: 'Y61', name: 'East of England', openedOn: '2019-04-01', closedOn: null },
  { code: 'Y62', name: 'North West', openedOn: '2019-04-01', closedOn: null },
  { code: 'Y63', name: 'North East and Yorkshire', openedOn: '2019-04-01', closedOn: null },
  { code: 'Y54', name: 'North of England', openedOn: '2013-04-01', closedOn: '2019-03-31' },
  { code: 'Y55', name: 'Midlands and East of England', openedOn: '2013-04-01', closedOn: '2019-03-31' },
  { code: 'Y57', name: 'South of England', openedOn: '2013-04-01', closedOn: '2018-03-31' },
];
