import { initAll } from './nhsuk-frontend.js';

initAll();

// Live parts: the server sends the part again whenever it changes. Without scripts, the page is opened again.
for (const part of document.querySelectorAll('[data-live]')) {
  const source = new EventSource(part.dataset.live);
  source.addEventListener('part', (event) => {
    part.innerHTML = event.data;
  });
  source.addEventListener('end', () => source.close());
}
