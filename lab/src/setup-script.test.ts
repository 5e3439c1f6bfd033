import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SetupScript } from './setup-script.ts';

test('lines for ip in a row become one batch, in the order of the steps', () => {
  const script = new SetupScript()
    .sysctl('net/ipv4/ip_forward', 1)
    .ip('link set lo up')
    .ip('addr add 192.0.2.11/24 dev eth0')
    .command('/sbin/ethtool', '-K', 'eth0', 'tx', 'off')
    .ip('link set eth0 up');
  assert.equal(
    script.render('/sbin/ip'),
    [
      '[ ! -e /proc/sys/net/ipv4/ip_forward ] || echo 1 > /proc/sys/net/ipv4/ip_forward',
      "/sbin/ip -batch - <<'END'",
      'link set lo up',
      'addr add 192.0.2.11/24 dev eth0',
      'END',
      '/sbin/ethtool -K eth0 tx off > /dev/null',
      "/sbin/ip -batch - <<'END'",
      'link set eth0 up',
      'END',
    ].join('\n'),
  );
});

test('nothing that a shell would take for more than a word gets in', () => {
  const hostile = ['eth0;reboot', '$(id)', '`id`', "a'b", 'a"b', 'a\nEND', 'a|b', ''];
  for (const word of hostile) {
    assert.throws(() => new SetupScript().ip(`link set ${word} up`).render('ip'), RangeError);
    assert.throws(() => new SetupScript().command('echo', word).render('ip'), RangeError);
    assert.throws(() => new SetupScript().sysctl('net/x', word).render('ip'), RangeError);
  }
});
