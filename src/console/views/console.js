import { initAll } from './nhsuk-frontend.js';

// What a radio button opens is shown by the style sheet: the design system's script says so with aria-expanded, which
// ARIA does not give to radio buttons, and screen readers announce differently or not at all.
for (const radios of document.querySelectorAll('[data-module="nhsuk-radios"]')) delete radios.dataset.module;
initAll();

// Live parts: the server sends the part again whenever it changes. Without scripts, the page is opened again. Of a part
// that changes every second, screen readers hear only what it says of itself, and only when that has changed.
for (const part of document.querySelectorAll('[data-live]')) {
  const saysOf = () => part.querySelector('[data-says]')?.dataset.says ?? '';
  const status = document.createElement('p');
  status.className = 'nhsuk-u-visually-hidden';
  status.setAttribute('role', 'status');
  const stale = document.createElement('p');
  stale.setAttribute('role', 'status');
  part.before(stale);
  part.after(status);
  let said = saysOf();
  const source = new EventSource(part.dataset.live);
  source.addEventListener('part', (event) => {
    stale.replaceChildren();
    renew(part, event.data);
    watchFrames(part);
    if (saysOf() !== said) status.textContent = said = saysOf();
  });
  source.addEventListener('error', () => {
    if (stale.hasChildNodes()) return;
    const link = document.createElement('a');
    link.href = location.pathname;
    link.textContent = 'Show the latest numbers';
    stale.append('The connection is interrupted, so these numbers may be old. ', link);
  });
  source.addEventListener('end', () => source.close());
}

// A table that is wider than its place scrolls, and is a stop of the keyboard for that; one that fits is none, but may be
// given the focus. By a pixel all of them are wider: texts for screen readers.
const frames = new ResizeObserver((changes) => {
  for (const { target } of changes) makeStop(target);
});
const watchFrames = (within) => {
  for (const frame of within.querySelectorAll('.app-table-wrap')) {
    makeStop(frame);
    frames.observe(frame);
  }
};
watchFrames(document);

function makeStop(frame) {
  frame.tabIndex = frame.scrollWidth > frame.clientWidth + 1 ? 0 : -1;
}

/** Changes of `part` only what is different: whoever stands on a link in it, or reads there, is not thrown out each second. */
function renew(part, html) {
  const fresh = document.createElement('template');
  fresh.innerHTML = html;
  const held = part.contains(document.activeElement) ? document.activeElement : undefined;
  becomeLike(part, fresh.content);
  if (!held || held.isConnected) return;
  const again = [...part.querySelectorAll('a')].find(({ href }) => href === held.href);
  (again ?? part.querySelector('[tabindex]'))?.focus({ preventScroll: true });
}

function becomeLike(old, fresh) {
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  if (before.length !== after.length || before.some((node, i) => kindOf(node) !== kindOf(after[i]))) {
    old.replaceChildren(...after);
    return;
  }
  for (const [i, node] of before.entries()) {
    if (node.isEqualNode(after[i])) continue;
    if (node.nodeType !== Node.ELEMENT_NODE) node.data = after[i].data;
    else {
      for (const name of node.getAttributeNames()) if (!after[i].hasAttribute(name)) node.removeAttribute(name);
      for (const { name, value } of after[i].attributes) node.setAttribute(name, value);
      becomeLike(node, after[i]);
    }
  }
}

/** A link to elsewhere, or a row about something else, is not the same one changed. */
const kindOf = (node) =>
  node.nodeName + (node.nodeName === 'A' ? node.href : node.nodeName === 'TR' ? node.querySelector('a')?.href : '');

// Texts to take elsewhere get a button that copies them. Browsers offer the clipboard to secure pages only.
for (const text of navigator.clipboard ? document.querySelectorAll('[data-copy]') : []) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'app-copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy ${text.dataset.copy}`);
  // The name of the button stays, so what it shows would be news to the eye only.
  const status = document.createElement('span');
  status.className = 'nhsuk-u-visually-hidden';
  status.setAttribute('role', 'status');
  const show = (shown, said) => {
    button.textContent = shown;
    status.textContent = said;
  };
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(text.dataset.copy);
    show('Copied', 'Copied');
    setTimeout(show, 2000, 'Copy', '');
  });
  text.after(' ', button, status);
}
