// Data that is asked for when a view is shown, and again where that did not work.
import { onMounted, ref, watch, type Ref } from 'vue'
import { line } from '../ask'

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
