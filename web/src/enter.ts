// Who comes by a link that signs in once. It stands behind the #, which browsers tell nobody,
// and is taken out of the address before anything else.
import { enterBy } from './ask'
import { toast } from './bubbles'
import { greet } from './session'
import { forgetMarked } from './unsent'
import { t } from './words'

export async function enter(): Promise<void> {
  const link = /^#\/enter\/([\w.]+)$/.exec(location.hash)?.[1]
  if (link) {
    history.replaceState(null, '', '#/drive')
    const { word } = await enterBy({ link })
    if (word) toast(word === 'bad_credentials' ? t('door.linkUsed') : word === 'disabled' ? t('door.disabled') : word === 'away' ? t('wrong.away') : t('door.failed'), undefined, 'bad')
  }
  await forgetMarked()
  await greet()
}
addEventListener('hashchange', () => location.hash.startsWith('#/enter/') && void enter())
