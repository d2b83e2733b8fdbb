/** A practice on the list of its commissioner. Counts only: the message is made to be passed on. */
export interface PracticeLine {
  readonly code: string;
  readonly name: string;
  readonly atRisk: boolean;
  readonly peopleToHelp: number;
}

interface Named {
  readonly code: string;
  readonly name: string;
}

/**
 * What a request tells a commissioner of its practices: those at risk of missing payment first, then by how many people
 * need help.
 */
export function commissionerValues({ code, name }: Named, practices: readonly PracticeLine[]) {
  return {
    organisation: { code, name },
    practices: practices
      .map((line) => ({ code: line.code, name: line.name, atRisk: line.atRisk, peopleToHelp: line.peopleToHelp }))
      .sort(
        (a, b) => Number(b.atRisk) - Number(a.atRisk) || b.peopleToHelp - a.peopleToHelp || (a.code < b.code ? -1 : 1),
      ),
    totals: totalsOf(practices),
  };
}

/** What a request tells whoever stands above commissioners of theirs. */
export function regionValues(
  { code, name }: Named,
  commissioners: readonly (Named & { readonly lines: readonly PracticeLine[] })[],
) {
  return {
    organisation: { code, name },
    commissioners: commissioners.map((commissioner) => {
      const { practices, ...counts } = totalsOf(commissioner.lines);
      return { code: commissioner.code, name: commissioner.name, practiceCount: practices, ...counts };
    }),
    totals: totalsOf(commissioners.flatMap(({ lines }) => lines)),
  };
}

export function totalsOf(practices: readonly PracticeLine[]) {
  return {
    practices: practices.length,
    practicesAtRisk: practices.filter(({ atRisk }) => atRisk).length,
    peopleToHelp: practices.reduce((sum, { peopleToHelp }) => sum + peopleToHelp, 0),
  };
}
