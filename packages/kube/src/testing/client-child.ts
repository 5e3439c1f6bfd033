// Asks the API server for something, and knows no certificate of it. Arguments: where it is, a token.
import { KubeClient } from '../client/kube-client.ts';
import { resources } from '../client/resources.ts';
import { fixedIdentity } from '../transport/identity.ts';

const [server = '', token = ''] = process.argv.slice(2);
using client = KubeClient.connect(
  { server: new URL(server), namespace: 'default', identity: fixedIdentity({ token }) },
  { fieldManager: 'test' },
);
await client.get(resources.namespaces, { name: 'default' });
