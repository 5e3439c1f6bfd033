import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../command.ts';

/** Files of a certificate and its key, PEM. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Makes certificates for one control plane; all are good for ten years. */
export class CertificateAuthority {
  readonly files: CertificateFiles;
  readonly #directory: string;

  private constructor(directory: string, files: CertificateFiles) {
    this.#directory = directory;
    this.files = files;
  }

  static async create(directory: string): Promise<CertificateAuthority> {
    const files = filesIn(directory, 'ca');
    await request(files, 'fairlead-lab-ca', [
      ['basicConstraints', 'critical,CA:TRUE'],
      ['keyUsage', 'critical,keyCertSign,digitalSignature'],
    ]);
    return new CertificateAuthority(directory, files);
  }

  /** @param names as in subjectAltName: `DNS:localhost`, `IP:127.0.0.1` */
  server(name: string, names: readonly string[]): Promise<CertificateFiles> {
    return this.#sign(name, `CN=${name}`, [
      ['subjectAltName', names.join(',')],
      ['extendedKeyUsage', 'serverAuth'],
    ]);
  }

  client(user: string, groups: readonly string[]): Promise<CertificateFiles> {
    const subject = [...groups.map((group) => `O=${group}`), `CN=${user}`].join('/');
    return this.#sign(`client-${user}`, subject, [['extendedKeyUsage', 'clientAuth']]);
  }

  async #sign(
    name: string,
    subject: string,
    extensions: readonly Extension[],
  ): Promise<CertificateFiles> {
    const files = filesIn(this.#directory, name);
    await request(files, subject, [['basicConstraints', 'CA:FALSE'], ...extensions], this.files);
    return files;
  }
}

type Extension = readonly [name: string, value: string];

async function request(
  { certificate, key }: CertificateFiles,
  subject: string,
  extensions: readonly Extension[],
  signer?: CertificateFiles,
): Promise<void> {
  const name = subject.includes('=') ? `/${subject}` : `/CN=${subject}`;
  const curve = 'ec_paramgen_curve:prime256v1';
  const fresh = ['-x509', '-newkey', 'ec', '-pkeyopt', curve, '-nodes', '-days', '3650'];
  // Without the machine's own configuration, whose extensions would come twice.
  const asked = ['-config', '/dev/null', '-subj', name, '-keyout', key, '-out', certificate];
  const added = extensions.flatMap(([extension, value]) => ['-addext', `${extension}=${value}`]);
  const by = signer === undefined ? [] : ['-CA', signer.certificate, '-CAkey', signer.key];
  await runCommand(['openssl', 'req', ...fresh, ...asked, ...added, ...by]);
}

function filesIn(directory: string, name: string): CertificateFiles {
  return { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
}

/** What service accounts' tokens are signed with, and checked. */
export function serviceAccountKeys(directory: string): {
  readonly publicKey: string;
  readonly privateKey: string;
} {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  });
  const publicKey = join(directory, 'service-accounts.pub');
  const privateKey = join(directory, 'service-accounts.key');
  writeFileSync(publicKey, pair.publicKey);
  writeFileSync(privateKey, pair.privateKey, { mode: 0o600 });
  return { publicKey, privateKey };
}
