# Two commands are all a newcomer needs:
#   make sweep   install what is missing, build, tune the built-in lab, recommend
#   make test    install what is missing, lint, run every tier of the tests
#
# And one for guests alone:
#   make guest-test   install what is missing, boot QEMU guests, test what they are for
#
# And one that takes an hour:
#   make soak    full rate over and over: nothing grows; KVMTUNE_SOAK_SECONDS=N for less
#
# And one that shows whether a difference of 1 % is seen:
#   make effect  100 tries with it and 100 without, an hour; KVMTUNE_EFFECT_TRIES=N for less
#
# And one for our speed beside that of others:
#   make bench-peers  install what is missing, measure us and other programs in turns, print ratios
#
# And one for our searching beside that of others:
#   make bench-optimiser  install other optimisers, let all search the same tables, print what they find
#
# All want root, Swift 6.3 and a Debian system.

PROFILE ?= Profiles/lab.yaml
KVMTUNE := .build/release/kvmtune
SWIFT   ?= swift

BUILD_PACKAGES := libnl-3-dev libnl-route-3-dev libnl-genl-3-dev libxdp-dev libbpf-dev \
                  pkg-config
TEST_PACKAGES  := ethtool iproute2 tshark libvirt0 libxml2-utils python3-venv
# Besides QEMU, which may have to come from backports, and the kernel, which kvmtune fetches itself
# and which apt must know for that.
GUEST_PACKAGES := kmod nftables iproute2 ethtool xz-utils

# Tiers of the tests that must run, not be skipped: where there is no QEMU to be had, REQUIRE=lab.
REQUIRE ?= lab,guest

# Programs that ours is measured against, besides the C loops.
PEER_PACKAGES := gcc libc6-dev linux-libc-dev netsniff-ng iperf3 xdp-tools dpdk iproute2
# BENCH_PEERS_PAIRS=7 is for a try; PEERS_TABLE is where the table goes, ONLY a word in some rows.
PEERS_TABLE ?= .build/bench-peers/table.md
ONLY        ?=

.PHONY: help build sweep test soak effect guest-test bench-peers lint format install clean
.PHONY: build-packages test-packages guest-packages peer-packages peers

help:
	@sed -n 's/^#  *\(make .*\)/\1/p' Makefile

build: build-packages
	$(SWIFT) build -c release --product kvmtune

sweep: build
	$(KVMTUNE) sweep $(PROFILE)

# One configuration for the program and its tests, so that the program tested is the one shipped.
test: build test-packages peers lint $(if $(findstring guest,$(REQUIRE)),guest-packages)
	KVMTUNE_REQUIRE=$(REQUIRE) $(SWIFT) test -c release --disable-xctest --no-parallel

soak: build test-packages
	KVMTUNE_SOAK_SECONDS=$${KVMTUNE_SOAK_SECONDS:-3600} KVMTUNE_REQUIRE=lab $(SWIFT) test -c release --disable-xctest --no-parallel --filter SoakTests

effect: build test-packages
	KVMTUNE_EFFECT_TRIES=$${KVMTUNE_EFFECT_TRIES:-100} KVMTUNE_REQUIRE=lab $(SWIFT) test -c release --disable-xctest --no-parallel --filter SmallEffectTests

guest-test: build test-packages guest-packages
	KVMTUNE_REQUIRE=lab,guest $(SWIFT) test -c release --disable-xctest --no-parallel --filter GuestTests

# Before other work, both sides of a pair alike. Where the kernel schedules session by session
# (sched_autogroup_enabled), that holds within this one only: other sessions had better be idle.
bench-peers: build-packages peer-packages
	$(SWIFT) build -c release --product BenchPeers
	mkdir -p .build/bench-peers
	$(CC) -O2 -Wall -Wextra -o .build/bench-peers/loops Tests/Peers/Loops/*.c -lpthread
	BENCH_PEERS_LOOPS=.build/bench-peers/loops nice -n -20 .build/release/BenchPeers $(PEERS_TABLE) "$(ONLY)"

# OPTIMISERS="--seeds 8 --only cliff" is for a try.
bench-optimiser: build .build/optimisers/installed
	.build/optimisers/bin/python3 Tests/Peers/optimisers.py $(KVMTUNE) .build/optimisers/tables \
	  --recorded Reports/example/trials.csv $(OPTIMISERS)

.build/optimisers/installed: | test-packages
	rm -rf .build/optimisers
	/usr/bin/python3 -m venv .build/optimisers
	.build/optimisers/bin/python3 -m pip -q --disable-pip-version-check install \
	  --root-user-action=ignore optuna==5.0.0 smac==2.4.1 scipy scikit-learn torch
	@touch $@

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

format:
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

install: build
	install -D -m 0755 $(KVMTUNE) $(DESTDIR)/usr/local/bin/kvmtune

clean:
	$(SWIFT) package clean

# Installs the Debian packages that are missing, and says nothing if none is.
install_missing = missing=$$(for p in $(1); do \
	  dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || echo $$p; done); \
	[ -z "$$missing" ] || { echo "installing:" $$missing; apt-get -q update && \
	  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $$missing; }

build-packages:
	@$(call install_missing,$(BUILD_PACKAGES))

test-packages:
	@$(call install_missing,$(TEST_PACKAGES))

# Programs in Python that ours are held against, from PyPI, in a place of their own.
peers: .build/peers/installed

.build/peers/installed: Tests/Peers/requirements.txt | test-packages
	rm -rf .build/peers
	/usr/bin/python3 -m venv .build/peers
	.build/peers/bin/python3 -m pip -q --disable-pip-version-check install \
	  --root-user-action=ignore --require-hashes -r $<
	@touch $@

peer-packages:
	@$(call install_missing,$(PEER_PACKAGES))

guest-packages:
	@$(call install_missing,$(GUEST_PACKAGES))
	@.ci/install-qemu
	@apt-cache show linux-image-amd64 >/dev/null 2>&1 || apt-get -q update
