import { passkeyScript } from '../passkey/passkey-script.js';

/**
 * The only script of most of the member's pages; every page works without it. It shows times in the browser's
 * own zone. It sends a form only once even if its button is pressed several times, and allows another attempt
 * after ten seconds.
 */
export const memberScript = `
(function () {
  var locale = document.documentElement.lang + '-US';
  var date = { dateStyle: 'long' };
  var time = { hour: 'numeric', minute: '2-digit', timeZoneName: 'short' };
  var show = function (instant, options) { return new Intl.DateTimeFormat(locale, options).format(instant); };
  document.querySelectorAll('time[data-show]').forEach(function (element) {
    var instant = new Date(element.dateTime);
    if (isNaN(instant)) return;
    var kind = element.dataset.show;
    var parts = [];
    if (kind !== 'time') parts.push(show(instant, date));
    if (kind !== 'date') parts.push(show(instant, time));
    element.textContent = parts.join(', ');
  });
  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = 'yes';
    setTimeout(function () { delete form.dataset.sent; }, 10000);
  });
  addEventListener('pageshow', function () {
    document.querySelectorAll('form[data-sent]').forEach(function (form) { delete form.dataset.sent; });
  });
})();
`;

/** The script of pages on which a member adds or uses a passkey. */
export const memberPasskeyScript = memberScript + passkeyScript;
