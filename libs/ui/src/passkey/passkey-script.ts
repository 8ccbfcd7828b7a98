/**
 * Part of a page's script: it runs every {@link PasskeyForm}. It shows the form, asks the browser to create
 * or to use a passkey, puts the answer into the field `response`, and sends the form. The words come with the
 * form, in the language of the page.
 */
export const passkeyScript = `
(function () {
  function bytesOf(text) {
    var binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    return Uint8Array.from(binary, function (letter) { return letter.charCodeAt(0); });
  }
  function textOf(buffer) {
    var binary = '';
    new Uint8Array(buffer).forEach(function (byte) { binary += String.fromCharCode(byte); });
    return btoa(binary).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
  }
  function withBytes(options) {
    options.challenge = bytesOf(options.challenge);
    if (options.user) options.user.id = bytesOf(options.user.id);
    ['excludeCredentials', 'allowCredentials'].forEach(function (list) {
      (options[list] || []).forEach(function (one) { one.id = bytesOf(one.id); });
    });
    return options;
  }
  function answerOf(credential) {
    var answer = credential.response;
    var response = {};
    ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'].forEach(function (name) {
      if (answer[name]) response[name] = textOf(answer[name]);
    });
    if (answer.getTransports) response.transports = answer.getTransports();
    return {
      id: credential.id,
      rawId: textOf(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: response
    };
  }
  document.querySelectorAll('form[data-passkey]').forEach(function (form) {
    var words = form.dataset;
    var isBusy = false;
    var note = document.createElement('p');
    note.className = 'field-error';
    note.setAttribute('role', 'alert');
    form.append(note);
    form.hidden = false;
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      if (isBusy) return;
      note.textContent = '';
      if (!window.PublicKeyCredential) {
        note.textContent = words.unsupported;
        return;
      }
      isBusy = true;
      var password = form.elements.current_password;
      fetch(words.options, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(password ? { current_password: password.value } : {})
      }).then(function (answer) {
        return answer.json().then(function (body) {
          if (!answer.ok) throw { detail: body.detail };
          var publicKey = withBytes(body);
          return words.passkey === 'create'
            ? navigator.credentials.create({ publicKey: publicKey })
            : navigator.credentials.get({ publicKey: publicKey });
        });
      }).then(function (credential) {
        form.elements.response.value = JSON.stringify(answerOf(credential));
        if (password) password.value = '';
        form.submit();
      }).catch(function (error) {
        if (error.name === 'NotAllowedError') note.textContent = words.canceled;
        else if (error.name === 'InvalidStateError') note.textContent = words.known;
        else note.textContent = error.detail || words.failed;
      }).then(function () { isBusy = false; });
    });
  });
})();
`;
