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
    part.innerHTML = event.data;
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

// Texts to take elsewhere get a button that copies them. Browsers offer the clipboard to secure pages only.
for (const text of navigator.clipboard ? document.querySelectorAll('[data-copy]') : []) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'app-copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', `Copy ${text.dataset.copy}`);
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(text.dataset.copy);
    button.textContent = 'Copied';
    setTimeout(() => (button.textContent = 'Copy'), 2000);
  });
  text.after(' ', button);
}
