# tuchuang: `make` builds bin/tuchuang, `make help` lists the rest.
# Needs Go (the version in go.mod), make, git and bash.

SHELL := bash
GO    ?= go

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BUILD   := $(GO) build -ldflags '-s -w -X main.version=$(VERSION)'
LINT    := $(GO) tool -modfile=tools/go.mod golangci-lint

# Everything is compiled in one way, the product's, so that each package is compiled once
# for all: builds, vet, lint and tests. Only the race detector wants another.
export CGO_ENABLED := 0
export GOFLAGS     += -trimpath

PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
SOURCES   := $(wildcard cmd internal test bench)
KILLS     ?= 5000
LOG       := bin/log

# What the tests kill is linked once for all of them. It stays the same file while it is the same
# program, so that Go knows their results by it.
TESTED := bin/test/tuchuang

# Rooms whose tests run under the race detector. The embedded database is some
# 25 times slower under it, so rooms that stand on the database are tested with
# many goroutines and without it; add a room when its tests stay quick and have goroutines.
RACE_PKGS ?= fault api/wire blob client db queue transfer often

.PHONY: build
build: ## bin/tuchuang, one static binary
	@$(BUILD) -o bin/tuchuang ./cmd/tuchuang

# Of the built files Go needs nothing more; Node 20.19 or newer makes them.
.PHONY: web
web: ## internal/web/dist, the page, from web/; commit both
	@cd web && npm ci --silent && npm run --silent build

.PHONY: demo
demo: build ## the main job on pictures of its own, in one command
	@bin/tuchuang demo

.PHONY: run
run: build ## the demo, which then keeps serving until Ctrl-C
	@bin/tuchuang demo --serve

# step NAME,COMMAND runs quietly: one line when all is well, else the end of its log.
define step
mkdir -p $(LOG); SECONDS=0; \
if { $(2); } >$(LOG)/$(1).log 2>&1; \
then printf 'ok    %-8s %4ds\n' $(1) $$SECONDS; \
else status=$$?; tail -n 40 $(LOG)/$(1).log; printf 'FAIL  %-8s %4ds  all of it: %s\n' $(1) $$SECONDS $(LOG)/$(1).log; exit $$status; fi
endef

.PHONY: test
test: ## everything that must pass: format, vet and lint, all tests
	@rm -f $(LOG)/count
	@$(call step,format,bad=$$(gofmt -s -l $(SOURCES)) && { [ -z "$$bad" ] || { echo "make fmt would change:"; echo "$$bad"; false; }; })
	@$(call step,vet,$(GO) vet ./internal/killpoint ./cmd/tuchuang) # as they are built for use; with all tags, and the rest: lint
	@$(call step,lint,$(LINT) run ./...)
	@$(call step,build,$(GO) build -tags killpoints -buildvcs=false -o $(TESTED).new ./cmd/tuchuang && { cmp -s $(TESTED).new $(TESTED) || mv $(TESTED).new $(TESTED); })
	@TUCHUANG_TEST_PROGRAM=$(CURDIR)/$(TESTED) $(MAKE) --no-print-directory go-test

# The tests start a PostgreSQL of their own, which has to be there.
.PHONY: postgresql
postgresql:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || { \
	    echo "PostgreSQL 15 or newer is missing (Debian: apt-get install postgresql)"; exit 1; }; \
	  $(call step,postgres,apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql); }

# What takes longest begins first, so that the rest goes on beside it. The page comes after
# all that: what measures it has the machine for itself, then all scripts run at once.
LONG := test/crash test/story cmd/tuchuang internal/copytask

# What runs the real server runs a second time with PostgreSQL beneath it, beside the
# other packages; after it what the race detector looks at, and LATE, for both to end
# at about the same time.
SERVED := ./test/story ./test/golden
LATE   := test/audit internal/ops

# Where there is memory to spare (GiB), the tests' files lie in it: to make them on a disk is up
# to a quarter of a room's work. What the tests kill are processes, which lose nothing of either. The
# folder has one name, which is part of what Go keeps results by, and one run at a time has it.
MEMORY := 8
define in_memory
if { dir=/dev/shm/tuchuang-$$(id -u) && command -v flock && [ -d /dev/shm ] && \
  [ "$$(df -Pk /dev/shm | awk 'END { print int($$4 / 1048576) }')" -ge $(MEMORY) ] && \
  [ "$$(awk '/^MemAvailable/ { print int($$2 / 1048576) }' /proc/meminfo)" -ge $(MEMORY) ] && \
  mkdir -p $$dir && [ -O $$dir ] && chmod 755 $$dir && exec 9<$$dir && flock -n 9 && find $$dir -mindepth 1 -delete && \
  cp "$$(type -P true)" $$dir && $$dir/true; } >/dev/null 2>&1; \
then trap 'find '$$dir' -mindepth 1 -delete' EXIT; export TMPDIR=$$dir; fi
endef

# The race detector needs a C compiler, which a fresh machine may not have.
.PHONY: go-test
go-test: RACE  = $(if $(filter 1,$(shell CGO_ENABLED= $(GO) env CGO_ENABLED)),-race)
go-test: ALL   = $(shell $(GO) list ./...)
go-test: FIRST = $(addprefix tuchuang/,$(LONG))
go-test: LAST  = $(addprefix tuchuang/,$(LATE))
go-test: RACED = $(filter $(foreach p,$(RACE_PKGS),tuchuang/internal/$(p) tuchuang/internal/$(p)/%),$(ALL))
go-test: TESTS = $(GO) test -json -vet=off
go-test: postgresql browser
	@mkdir -p $(LOG); set -o pipefail; $(in_memory); \
	[ -n "$(RACE)" ] || echo "note  no C compiler: the race detector stays off"; \
	{ status=0; \
	  { besides=0; \
	    TUCHUANG_TEST_ENGINE=postgres $(TESTS) -timeout 40m $(SERVED) >$(LOG)/postgres.json || besides=1; \
	    CGO_ENABLED=$(if $(RACE),1,0) $(TESTS) -timeout 40m $(RACE) $(RACED) >$(LOG)/raced.json || besides=1; \
	    $(TESTS) -timeout 40m $(LAST) >$(LOG)/late.json || besides=1; \
	    exit $$besides; } & beside=$$!; \
	  $(TESTS) -timeout 40m $(FIRST) $(filter-out $(RACED) $(FIRST) $(LAST),$(ALL)) || status=1; \
	  wait $$beside || status=1; \
	  $(TESTS) -timeout 20m -count=1 -tags page -parallel 6 ./test/page || status=1; \
	  sed 's/"Package":"\([^"]*\)"/"Package":"\1 on PostgreSQL"/' $(LOG)/postgres.json; cat $(LOG)/raced.json $(LOG)/late.json; \
	  exit $$status; } 9<&- | $(GO) run ./test/summary -log $(LOG)/test.log -count $(LOG)/count

# The page is tested in a real browser, by Node, which holds the mouse.
.PHONY: browser
browser:
	@want=; command -v chromium-headless-shell chromium >/dev/null || want="$$want chromium-headless-shell fonts-liberation fonts-wqy-microhei"; command -v npm >/dev/null || want="$$want nodejs npm"; \
	[ -z "$$want" ] || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || { \
	    echo "missing for the page's tests (Debian: apt-get install$$want)"; exit 1; }; \
	  $(call step,browser,apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$want); }
	@[ -d test/page/node_modules/playwright-core ] || { $(call step,npm,cd test/page && npm ci --silent); }

.PHONY: page-test
page-test: build browser ## the page alone, from signing in to a copied link, in Chromium
	@$(GO) test -tags page -v -count=1 -parallel 6 -timeout 20m ./test/page

.PHONY: bench
bench: ## what is promised of speed, each beside its floor
	@$(GO) run ./bench

.PHONY: crash
crash: ## the kill harness for long: KILLS=5000
	$(GO) test -v -timeout 0 ./test/crash -args -crash.kills=$(KILLS)

.PHONY: cross
cross: ## bin/cross/: linux, darwin and windows, amd64 and arm64, without cgo
	@for p in $(PLATFORMS); do \
	  os=$${p%/*}; arch=$${p#*/}; exe=; [ $$os != windows ] || exe=.exe; SECONDS=0; \
	  GOOS=$$os GOARCH=$$arch $(BUILD) -o bin/cross/tuchuang-$$os-$$arch$$exe ./cmd/tuchuang || exit; \
	  printf 'ok    %-14s %4ds\n' $$p $$SECONDS; \
	done

.PHONY: lint
lint: ## golangci-lint, built from source at the version in tools/go.mod
	@$(LINT) run ./...

.PHONY: fmt
fmt: ## format all Go files in place
	@gofmt -s -w $(SOURCES)

.PHONY: clean
clean: ## remove what was built; data folders stay
	@rm -rf bin

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
