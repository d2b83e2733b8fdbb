// What the rules may want to know of the NHSmail directory about an account, found in memory: the yardstick for what the
// database finds, in speed and in the specs.

const NHSMAIL = '@nhs.net';

/** @param {{id: string, nameKey: string, organisations: readonly {code: string}[]}} account */
function marksOf(account, address) {
  return [
    accountMark(account.id),
    ...(address === null ? [] : [address, ...variantsOf(address)].map(addressMark)),
    ...(account.nameKey === '' ? [] : account.organisations.map(({ code }) => nameMark(account.nameKey, code))),
  ];
}

/** An NHSmail address without its plus-tag, and without the number at the end of its local part. */
function variantsOf(address) {
  if (!address.endsWith(NHSMAIL)) return [];
  const local = address.slice(0, -NHSMAIL.length);
  const variants = [local.slice(0, Math.max(0, local.indexOf('+'))), local.replace(/\d+$/, '')];
  return variants.filter((variant) => variant !== '' && variant !== local).map((variant) => `${variant}${NHSMAIL}`);
}

export class NhsmailIndex {
  #byMark = new Map();

  constructor(entries) {
    for (const entry of entries) {
      this.#add(addressMark(entry.address), entry);
      for (const alias of entry.aliases) this.#add(addressMark(alias), entry);
      if (entry.recordedAccount) this.#add(accountMark(entry.recordedAccount.id), entry);
      if (entry.organisationCode !== null) this.#add(nameMark(entry.nameKey, entry.organisationCode), entry);
    }
  }

  /** @param address the account's address, normalised; null when it has none that can be read. */
  entriesFor(account, address) {
    return [...new Set(marksOf(account, address).flatMap((mark) => this.#byMark.get(mark) ?? []))];
  }

  #add(mark, entry) {
    const entries = this.#byMark.get(mark);
    if (entries) entries.push(entry);
    else this.#byMark.set(mark, [entry]);
  }
}

const addressMark = (address) => `@ ${address}`;
const accountMark = (id) => `# ${id}`;
const nameMark = (nameKey, organisationCode) => `${organisationCode} ${nameKey}`;
