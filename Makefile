# SPDX-License-Identifier: GPL-2.0-only
#
# The front door: every target delegates.  `make help` lists them.

VM	:= tools/vm/vm
KDIR	?= /lib/modules/$(shell uname -r)/build
KERNEL	?= stock-6.12
HOURS	?= 8

.PHONY: help run check check-quick lint kunit cases soak bench vm modules install tools clean

help: ## list the targets
	@echo 'shardmap, a sharded concurrent hash table for the Linux kernel'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24
	@echo
	@echo 'Variables: KERNEL=stock-6.12|stock-6.1|kcsan|kasan|uml (vm),'
	@echo '           KDIR=... (modules, install), CI=true (check, larger counts)'

run: ## the main job: boot a stock kernel, load the module, share a table
	@tools/run/run.sh

check: ## all tests
	@python3 --version >/dev/null 2>&1 || tools/setup.sh check
	@tools/check/check.py

check-quick: ## lint, host, UML and one stock boot, for the edit loop
	@python3 --version >/dev/null 2>&1 || tools/setup.sh check
	@tools/check/check.py --quick

lint: ## checks of the source text and of warnings
	@tools/check/check.py lint

kunit: ## KUnit suites on UML
	@tools/check/check.py uml

cases: ## planted bugs, who finds them, and how fast
	@tools/check/check.py cases

soak: ## load on all kernels in turn for HOURS=8, goes on after an interruption (FRESH=1: anew)
	@python3 --version >/dev/null 2>&1 || tools/setup.sh soak
	@tools/soak/soak.py --hours $(HOURS) $(if $(FRESH),--fresh)

bench: ## shardmap beside its alternatives, and the report (SUITES="uml ..." for some)
	@tools/setup.sh bench
	@tools/bench/bench.py $(SUITES)

vm: tools ## a shell in a virtual machine with the module and the tools
	@$(VM) modules $(KERNEL)
	@$(VM) shell --kernel $(KERNEL)

modules: ## build the module for the running kernel, or for KDIR
	@tools/setup.sh build
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

install: modules ## install the module for the running kernel, or for KDIR
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install
	depmod -a

tools: ## build libshardmap, shardmapctl, shardmap-stress, shardmap-wordcount
	@tools/setup.sh build
	@$(MAKE) -s -C tools O=$(CURDIR)/build/tools
	@$(MAKE) -s -C tools STATIC=1 O=$(CURDIR)/build/tools-static

clean: ## remove what was built here; kernels stay in the cache
	rm -rf build
