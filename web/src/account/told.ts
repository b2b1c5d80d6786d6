// What the server tells once, as secrets are.
import { computed, onBeforeUnmount, onMounted, shallowReactive, watch, type WritableComputedRef } from 'vue'
import { line } from '../ask'
import { during } from '../bubbles'
import { t } from '../words'
import { accountOpen, form as at, type Form } from './where'

const told = shallowReactive(new Map<string, unknown>()) // by the form that it is for
const open = new Set<string>()
const bubbles = new Map<string, ReturnType<typeof during>>() // which say that something waits
watch(
  () => line.uid,
  () => told.clear(),
)

// toldOnce is what a form shows of an answer until it is dismissed, or the form is left. take
// takes an answer in. Where the form has been left already it waits for the form to be opened
// again, and that is said until then.
export function toldOnce<T extends { name: string }>(form: Form): { made: WritableComputedRef<T | undefined>; take: (answer: Promise<T>) => Promise<void> } {
  onMounted(() => {
    open.add(form)
    bubbles.get(form)?.end()
    bubbles.delete(form)
  })
  onBeforeUnmount(() => {
    open.delete(form)
    told.delete(form)
  })
  return {
    made: computed({ get: () => told.get(form) as T | undefined, set: (x) => void (x ? told.set(form, x) : told.delete(form)) }),
    async take(answer) {
      const who = line.uid
      const x = await answer
      if (who !== line.uid) return // somebody else may look
      told.set(form, x)
      if (open.has(form)) return
      const bubble = during({
        label: t('toldShow'),
        run() {
          at.value = form
          accountOpen.value = true
        },
      })
      bubble.tell(t('toldOnce', { name: x.name }))
      bubbles.get(form)?.end()
      bubbles.set(form, bubble)
    },
  }
}
