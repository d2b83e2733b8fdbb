import { initAll } from './nhsuk-frontend.js';

// What a radio button opens is shown by the style sheet: the design system's script says so with aria-expanded, which
// ARIA does not give to radio buttons, and screen readers announce differently or not at all.
for (const radios of document.querySelectorAll('[data-module="nhsuk-radios"]')) delete radios.dataset.module;
initAll();

// Live parts: the server sends the part again whenever it changes. Without scripts, the page is opened again.
for (const part of document.querySelectorAll('[data-live]')) {
  const source = new EventSource(part.dataset.live);
  source.addEventListener('part', (event) => {
    part.innerHTML = event.data;
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
