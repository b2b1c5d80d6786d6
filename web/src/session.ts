// Whose page this is. The cookie is the browser's: another tab may have changed it.
import { ref, watch } from 'vue'
import { away, Failure, get, line, lost, patience } from './ask'
import { fail, inquire, unanswered } from './bubbles'
import { forgetMarked, markForgotten } from './unsent'
import { halt, pause, paused, release, sums, takeUp } from './uploads'
import { t } from './words'

export interface Me {
  uid: number
  nickname: string
  spaceUsed: number
  spacePermanent: number
  operator: boolean
  copyLimits: { ids: number; images: number; tasks: number }
}
export const me = ref<Me>()
export const refused = ref<Failure>() // why nobody knows yet whose page it is

const tabs = new BroadcastChannel('tuchuang-session')
tabs.onmessage = (e: MessageEvent<number>) => {
  if (e.data !== 0 && !line.uid) void greet() // the door of this tab is open now
  else if (e.data !== line.uid && me.value) void anew(e.data === 0)
}

// greet asks who is signed in. Where it is somebody else than before, the page begins
// anew: nothing of the one is for the other.
export async function greet(): Promise<void> {
  if (line.leaving) return
  try {
    const now = await get<Me>('/api/v1/user/info')
    if (line.leaving) return
    refused.value = undefined
    if (me.value && me.value.uid !== now.uid) return await anew(false)
    me.value = now
    line.signedIn = true
    if (line.uid === now.uid) return
    line.uid = now.uid
    tabs.postMessage(now.uid)
    void takeUp()
  } catch (e) {
    if (line.leaving) return
    refused.value = e instanceof Failure && !line.uid && !['away', 'no_token', 'token_expired'].includes(e.word) ? e : undefined
  }
}
watch(() => line.back, greet)

// askOut signs out, after a question where uploads or changes would stop.
export function askOut(): void {
  const stops = [...(sums.value.active ? [t('upload.outStops')] : []), ...(unanswered.value ? [t('menu.outStops')] : [])]
  if (stops.length > 0) inquire({ title: t('menu.out'), text: stops.join('\n'), action: t('menu.out'), run: signOut })
  else signOut().catch(fail)
}

// signOut tells when it did not work: the cookie is good then.
async function signOut(): Promise<void> {
  const was = paused.value
  await release()
  try {
    const res = await fetch('/web/sign-out', { method: 'POST', signal: AbortSignal.timeout(patience) })
    if (res.status !== 204) throw new Failure('internal', () => t('wrong.signOut'))
  } catch (e) {
    pause(was)
    if (e instanceof Failure) throw e
    lost()
    throw away()
  }
  tabs.postMessage(0)
  await anew(true)
}

async function anew(forget: boolean): Promise<void> {
  if (line.leaving) return
  line.leaving = true
  line.signedIn = undefined
  line.uid = 0
  refused.value = undefined
  halt()
  try {
    if (forget) {
      markForgotten(me.value?.uid)
      await forgetMarked()
    }
  } finally {
    history.replaceState(null, '', '#/drive') // where one was is not for the next
    location.reload()
  }
}
