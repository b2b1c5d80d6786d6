// Who opens a window has the keys in it, not on the first of its buttons.
import { nextTick, useTemplateRef, watch } from 'vue'

// takesKeys gives the keys to an element of the template once a window is shown, and again
// when something else is shown in it.
export function takesKeys(called: string, shown: () => unknown): void {
  const el = useTemplateRef<HTMLElement>(called)
  watch(shown, (what) => what && void nextTick(() => el.value?.focus()), { immediate: true, flush: 'post' })
}
