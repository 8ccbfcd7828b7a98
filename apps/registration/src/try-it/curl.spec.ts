import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { curlOf } from './curl.js';

/** The words that a shell makes of a command. */
const wordsOf = (command: string) =>
  execFileSync('sh', ['-c', command.replace(/^curl/, String.raw`printf '%s\n'`)], {
    env: { CLIENT_ID: 'app', CLIENT_SECRET: 'secret' },
    encoding: 'utf8',
  })
    .trimEnd()
    .split('\n');
const step = { title: '', explanation: '', isOk: true };

describe('a request as a curl command', () => {
  it('names the method, headers and body as sent, and takes the secret from the environment', () => {
    const headers = {
      'content-type': 'x',
      authorization: 'Basic base64(client_id:client_secret)',
      dpop: 'p',
    };
    const request = { method: 'POST', url: 'https://plan.example/token', headers, body: 'a=1&b=%27' };
    expect(wordsOf(curlOf({ ...step, request }))).toEqual([
      '-X',
      'POST',
      'https://plan.example/token',
      '-u',
      'app:secret',
      '-H',
      'dpop: p',
      '--data',
      'a=1&b=%27',
    ]);
  });

  it('no text of a request is run by the shell', () => {
    const url = `https://plan.example/x'; echo "$CLIENT_SECRET" $(id) \``;
    const request = { method: 'GET', url, headers: {} };
    expect(wordsOf(curlOf({ ...step, request }))).toEqual([url]);
  });
});
