// Data that is asked for when a view is shown, and again where that did not work.
import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'
import { line } from '../ask'
import { fail } from '../bubbles'

export interface Loading<T> {
  data: Ref<T | undefined>
  problem: Ref<string>
  load: () => Promise<void>
}

export function loading<T>(ask: () => Promise<T>): Loading<T> {
  const data = ref<T>() as Ref<T | undefined>
  const problem = ref('')
  async function load(): Promise<void> {
    try {
      data.value = await ask()
      problem.value = ''
    } catch (e) {
      problem.value = (e as Error).message
    }
  }
  onMounted(load)
  watch(() => line.back, load)
  return { data, problem, load }
}

// further is what a button for the next page does: one page at a time, and what goes wrong is
// said.
export function further(come: () => Promise<void>): { more: Ref<boolean>; next: () => Promise<void> } {
  const more = ref(false)
  async function next(): Promise<void> {
    if (more.value) return
    more.value = true
    try {
      await come()
    } catch (e) {
      fail(e)
    } finally {
      more.value = false
    }
  }
  return { more, next }
}

// tells says where a form stands why it has failed, and to who has left it all the same.
export function tells(problem: Ref<string>): (e: unknown) => void {
  let left = false
  onBeforeUnmount(() => (left = true))
  return (e) => (left ? fail(e) : void (problem.value = (e as Error).message))
}
