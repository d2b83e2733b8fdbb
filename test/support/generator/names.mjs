/** Names that nobody bears: plainly made up, with the spellings that trip software up among them. */
const FIRST = [
  ...['Ayla', 'Bram', 'Cora', 'Dario', 'Elva', 'Fenn', 'Greta', 'Hollis', 'Ines', 'Joren', 'Kaia', 'Lorne', 'Mira'],
  ...['Nils', 'Orla', 'Perrin', 'Quill', 'Runa', 'Soren', 'Testa', 'Ulric', 'Vesna', 'Wren', 'Xanthe', 'Yorick', 'Zoë'],
  ...['Anaïs', 'Béla', 'Chloé', 'Mary Ann', 'Jean-Luc', 'Siân', 'Oyin', 'Ravi', 'Samira', 'Tomasz', 'Uma', 'Wei'],
];
const HEAD = [
  ...['Test', 'Sample', 'Example', 'Mock', 'Trial', 'Fable', 'Demo', 'Proto', 'Figment', 'Dummy', 'Model', 'Pattern'],
  ...['Faux', 'Placeholder', 'Specimen', 'Draft', 'Sketch', 'Notional', 'Quasi', 'Pseudo', 'Ersatz', 'Stand', 'Proxy'],
];
const TAIL = [
  ...['wick', 'thorpe', 'ington', 'bury', 'ley', 'combe', 'shaw', 'worth', 'stead', 'gate', 'moor', 'field', 'croft'],
  ...['dale', 'holm', 'mere', 'beck', 'hurst', 'ridge', 'well', 'sby', 'foss', 'lund', 'brook', 'marsh', 'thwaite'],
];

/** @param {import('./random.mjs').Random} random */
export function inventName(random) {
  const one = () => random.pick(HEAD) + random.pick(TAIL);
  const shape = random.next();
  const last = shape < 0.03 ? `O'${one()}` : shape < 0.07 ? `${one()}-${one()}` : shape < 0.08 ? `van ${one()}` : one();
  return { first: random.pick(FIRST), last };
}

/** As NHSmail makes local parts: first.last in plain letters. @param {string} first @param {string} last */
export function localPart(first, last) {
  return plain(`${first}.${last}`);
}

/** @param {string} first @param {string} last */
export function nameKey(first, last) {
  return `${plain(first)} ${plain(last)}`;
}

/** @param {string} text */
function plain(text) {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z.]/g, '');
}
