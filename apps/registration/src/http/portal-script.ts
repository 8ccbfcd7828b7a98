import { passkeyScript } from '@payer/ui';
import { liveViewScript } from './live-view-script.js';

/**
 * Part of the portal's script: it adds copy buttons. It checks fields while the developer types, and asks the
 * server, so that both apply the same rules.
 */
const fieldScript = `
(function () {
  function openTarget() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === 'DETAILS') target.open = true;
  }
  openTarget();
  addEventListener('hashchange', openTarget);
  document.querySelectorAll('[data-copyable]').forEach(function (block) {
    var button = document.createElement('button');
    button.type = 'button';
    button.className = 'button secondary copy';
    button.textContent = 'Copy';
    button.setAttribute('aria-live', 'polite');
    button.addEventListener('click', function () {
      navigator.clipboard.writeText(block.textContent).then(function () {
        button.textContent = 'Copied';
        setTimeout(function () { button.textContent = 'Copy'; }, 2000);
      });
    });
    block.after(button);
  });
  document.querySelectorAll('[data-check]').forEach(function (field) {
    var timer, asked = 0;
    var note = document.createElement('div');
    note.className = 'field-error';
    note.setAttribute('role', 'status');
    field.after(note);
    field.addEventListener('input', function () {
      clearTimeout(timer);
      timer = setTimeout(function () {
        var lines = field.value.split('\\n').map(function (line) { return line.trim(); }).filter(Boolean);
        var body = {};
        body[field.name] = field.dataset.check === 'lines' ? lines : field.value.trim() || null;
        var turn = ++asked;
        fetch('/api/app-metadata/check', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body)
        }).then(function (answer) { return answer.ok ? answer.json() : { errors: [] }; }).then(function (answer) {
          if (turn !== asked) return;
          note.textContent = answer.errors.map(function (error) {
            var line = error.field.split('.')[1];
            return (line === undefined ? 'This ' : lines[line] + ' ') + error.message + '.';
          }).join(' ');
        }, function () {});
      }, 300);
    });
  });
})();
`;

/** The only script of the portal's pages. Every page works without it, except that passkeys need it. */
export const portalScript = fieldScript + liveViewScript + passkeyScript;
