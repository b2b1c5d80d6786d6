package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

var verb = regexp.MustCompile(`%[-+ #0-9.]*[a-zA-Z%]`)

func TestMessagesAreInBothLanguages(t *testing.T) {
	if len(texts) < 100 {
		t.Fatalf("only %d messages were registered", len(texts))
	}
	for _, m := range texts {
		if m.zh == "" || m.en == "" {
			t.Errorf("one language is missing: %+v", m)
		}
		if zh, en := verb.FindAllString(m.zh, -1), verb.FindAllString(m.en, -1); strings.Join(zh, " ") != strings.Join(en, " ") {
			t.Errorf("%q has %v, %q has %v", m.zh, zh, m.en, en)
		}
	}
}

func TestLanguage(t *testing.T) {
	for _, tt := range []struct {
		env map[string]string
		zh  bool
	}{
		{nil, false},
		{map[string]string{"LANG": "zh_CN.UTF-8"}, true},
		{map[string]string{"LANG": "en_US.UTF-8"}, false},
		{map[string]string{"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, false},
		{map[string]string{"LANG": "C", "LC_MESSAGES": "zh_TW"}, true},
		{map[string]string{"LC_MESSAGES": "en_GB", "LC_ALL": "ZH"}, true},
	} {
		if got := speaksChinese(func(name string) string { return tt.env[name] }); got != tt.zh {
			t.Errorf("%v: %v", tt.env, got)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"图床 a.png":          "图床 a.png",
		"a\x1b[31mb":        `a\u001b[31mb`,
		"a\nb\u202etxt.png": `a\u000ab\u202etxt.png`,
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestHumanSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 200 << 10: "200 KiB",
		1<<20 - 1: "1.0 MiB", 10 << 30: "10 GiB",
	} {
		if got := humanSize(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestTasksInWords(t *testing.T) {
	total := int64(3)
	for _, tt := range []struct {
		name string
		zh   bool
		r    taskReport
		want string
	}{
		{"of a server that counts", false, reportOf(2, &total, "", ""), "task T is done: 1 copied, 0 replaced, 0 skipped, 1 failed"},
		{"of one that does not", false, reportOf(2, nil, "", ""), "task T is done, 1 failed"},
		{"failed for a known reason", false, reportOf(3, &total, "limit_images", "图片数量超过1000张限制"), "task T failed: more than 1000 pictures"},
		{"failed, with words alone", true, reportOf(3, nil, "", "空间不足"), "任务 T 失败：空间不足"},
		{"a reason nobody knows", false, reportOf(3, nil, "weird", ""), "task T failed: weird"},
		{"waiting", true, reportOf(4, nil, "", ""), "任务 T 在排队"},
		{"an unknown state", false, reportOf(9, nil, "", ""), "unknown state: 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			u := &ui{out: &out, zh: tt.zh}
			if err := u.showTask(tt.r, 0); err != nil {
				t.Fatal(err)
			}
			failure := "failed a.png: no room left"
			if tt.zh {
				failure = "失败 a.png：空间不足"
			}
			for _, want := range []string{tt.want, failure} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is missing in:\n%s", want, out.String())
				}
			}
		})
	}
}
