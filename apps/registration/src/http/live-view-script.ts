/**
 * Part of the portal's script: the live view of a list. It asks the page's own address every two seconds,
 * only while somebody looks at the page, for ten minutes at most. The list keeps its newest 200 entries.
 * Without the script, the page's link "Refresh" does the same by hand.
 */
export const liveViewScript = `
(function () {
  var place = document.querySelector('[data-live-view]');
  if (!place) return;
  var list = document.getElementById(place.dataset.list);
  var after = place.dataset.after, isOn = false, timer, asked, failures, seen;
  var button = document.createElement('button');
  button.type = 'button';
  button.className = 'button secondary';
  var note = document.createElement('span');
  note.className = 'muted';
  note.setAttribute('role', 'status');
  place.className = 'row';
  place.append(button, note);
  function show(text) {
    button.textContent = isOn ? 'Stop the live view' : 'Follow live';
    note.textContent = text || '';
  }
  function stop(text) {
    isOn = false;
    clearTimeout(timer);
    show(text);
  }
  function wait(milliseconds) {
    if (!isOn) return;
    clearTimeout(timer);
    timer = setTimeout(ask, milliseconds);
  }
  function add(entry) {
    if (document.getElementById(entry.id)) return;
    var empty = list.querySelector('.empty');
    if (empty) empty.remove();
    list.insertAdjacentHTML('afterbegin', entry.html);
    while (list.children.length > 200) list.lastElementChild.remove();
    seen += 1;
  }
  function ask() {
    if (!isOn || document.hidden) return;
    if ((asked += 1) > 300) return stop('The live view has ended after ten minutes.');
    fetch(place.dataset.liveView + '&after=' + after, { cache: 'no-store', redirect: 'manual' }).then(function (answer) {
      if (answer.status === 429) return stop('You have too many live views open. Close another one.');
      if (answer.type === 'opaqueredirect') return stop('Your session has ended. Load the page again.');
      if (!answer.ok) throw new Error('status ' + answer.status);
      return answer.json().then(function (news) {
        if (!isOn) return;
        failures = 0;
        after = news.latest;
        news.entries.forEach(add);
        if (news.entries.length > 0) show(seen === 1 ? '1 new request' : seen + ' new requests');
        wait(news.is_full ? 0 : 2000);
      });
    }).catch(function () {
      if ((failures += 1) > 5) stop('The live view has ended, because the portal does not answer.');
      else wait(2000 * failures);
    });
  }
  button.addEventListener('click', function () {
    if (isOn) return stop();
    isOn = true;
    asked = failures = seen = 0;
    show('Waiting for requests');
    ask();
  });
  document.addEventListener('visibilitychange', function () { if (!document.hidden) wait(0); });
  show();
})();
`;
