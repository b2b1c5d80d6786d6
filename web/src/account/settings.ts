// What programs are told to sign in with a client, ready to be copied.

export interface Part {
  title: string // a text's name below settings.
  text: string
}
export const programs = ['picgo', 'openlist', 'curl', 'cli'] as const
export type Program = (typeof programs)[number]

const plain = location.protocol === 'http:'

// settings are what a program wants; secret is "" where nobody knows it any more.
export function settings(program: Program, clientID: string, secret: string): Part[] {
  const clientSecret = secret || '…'
  switch (program) {
    case 'picgo':
      return [
        {
          title: 'picgoConfig',
          text: JSON.stringify({ picBed: { uploader: '123pan', current: '123pan', '123pan': { clientID, clientSecret } }, picgoPlugins: { 'picgo-plugin-123pan': true } }, null, 2),
        },
        // It names the host between quotes, where a port has no place, and speaks https alone.
        {
          title: 'picgoHost',
          text: `sed -i "s/'open-api\\.123pan\\.com'/'${location.hostname}', port: ${location.port || (plain ? 80 : 443)}/g${plain ? "; s/require('https')/require('http')/" : ''}" ~/.picgo/node_modules/picgo-plugin-123pan/src/index.js`,
        },
      ]
    case 'openlist':
      return [
        { title: 'openlistFields', text: ['Driver: 123 Open', 'Mount Path: /tuchuang', 'Root folder ID: 0', `ClientID: ${clientID}`, `ClientSecret: ${clientSecret}`].join('\n') },
        { title: 'openlistHost', text: `sed -i 's#https://open-api\\.123pan\\.com#${location.origin}#g' drivers/123_open/*.go` },
      ]
    case 'curl':
      return [
        {
          title: 'curlToken',
          text: `T=$(curl -s ${location.origin}/api/v1/access_token -d '${JSON.stringify({ clientID, clientSecret })}' | sed -n 's/.*"accessToken":"\\([^"]*\\)".*/\\1/p')`,
        },
        { title: 'curlAsk', text: `curl -s ${location.origin}/api/v1/user/info -H "Authorization: Bearer $T"` },
      ]
    case 'cli':
      return [
        { title: 'cliLogin', text: `tuchuang login --server ${location.origin} --client-id ${clientID}` },
        { title: 'cliPut', text: 'tuchuang put ./photos --to /\ntuchuang copy /photos --to /blog' },
      ]
  }
}
