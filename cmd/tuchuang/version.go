package main

import (
	"runtime"
	"runtime/debug"
)

// version is set by the build; go install leaves it to the module's own.
var version = ""

func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

func userAgent() string { return "tuchuang/" + programVersion() }

type versionCmd struct{}

// Run prints which build this is.
func (versionCmd) Run(u *ui) error {
	if u.json {
		return u.document(struct {
			Version string `json:"version"`
			Go      string `json:"go"`
			OS      string `json:"os"`
			Arch    string `json:"arch"`
		}{programVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH})
	}
	u.say("tuchuang " + programVersion() + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH)
	return nil
}
