#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.netDevices. The "host" is a network namespace that each test makes: the runtime works in it,
# and whatever goes wrong, no device of the machine is touched.

load helpers

setup() {
	test_begin
	type -P ip >/dev/null || skip "ip (iproute2) is not installed"
	background unshare --net sleep 1000
	HOST=$BACKGROUND
	eventually has_own_network "$HOST"
	on_host ip link add dev0 type veth peer name peer0 2>/dev/null ||
		skip "this kernel has no veth devices"
	on_host ip link set peer0 up
	REAL=$RUNTIME RUNTIME=$TEST_DIR/teu
	printf '#!/bin/sh\nexec nsenter --net=/proc/%s/ns/net "%s" "$@"\n' "$HOST" "$REAL" >"$RUNTIME"
	chmod 755 "$RUNTIME"
	args /bin/sleep 100
}

teardown() {
	RUNTIME=${REAL:-$RUNTIME}
	test_end
}

has_own_network() { [[ $(readlink "/proc/$1/ns/net") != "$(readlink /proc/self/ns/net)" ]]; }
on_host() { nsenter --net="/proc/$HOST/ns/net" "$@"; }
inside() { nsenter --net="/proc/$(pid_of)/ns/net" "$@"; }
devices() { config ".linux.netDevices = $1"; }

# One member of a device as `ip -j` has it, and its addresses but the kernel's own of the link.
link() { ip -j -d addr show dev "$1" | jq -r ".[0] | $2"; }
addresses() { ip -j addr show dev "$1" | jq -r '[.[0].addr_info[] | select(.local | startswith("fe80::") | not) | .local + "/" + (.prefixlen | tostring)] | sort | join(" ")'; }
host_has() { on_host ip link show dev "$1" >/dev/null 2>&1; }
host_lacks() { ! host_has "$1" || { echo "$1 is on the host" >&2; return 1; }; }
export -f link addresses

# A network namespace that somebody else holds.
other_network() {
	background unshare --net sleep 1000
	OTHER=$BACKGROUND
	eventually has_own_network "$OTHER"
	add_namespace network "/proc/$OTHER/ns/net"
}

@test "ND-01 ND-05 ND-06 a device moves with its attributes and lasting global addresses, and is up" {
	need_root "take a network device from the host"
	on_host ip link set dev0 mtu 1400 address 02:00:00:00:00:42
	on_host ip addr add 192.0.2.1/24 broadcast 192.0.2.255 dev dev0
	on_host ip addr add 192.0.2.9/24 dev dev0
	on_host ip addr add 198.51.100.1 peer 198.51.100.2/32 dev dev0 label dev0:p2p
	on_host ip addr add 169.254.7.7/16 scope link dev dev0
	on_host ip addr add 203.0.113.5/24 valid_lft 1000 preferred_lft 500 dev dev0
	devices '{dev0: {}}'
	create
	host_lacks dev0
	eq "$(inside bash -c 'link dev0 .mtu')" 1400
	eq "$(inside bash -c 'link dev0 .address')" 02:00:00:00:00:42
	has "$(inside bash -c 'link dev0 .flags')" UP
	eq "$(inside bash -c 'addresses dev0')" "192.0.2.1/24 192.0.2.9/24 198.51.100.1/32"
	has "$(inside ip -4 addr show dev dev0)" "brd 192.0.2.255"
	has "$(inside ip -4 addr show dev dev0)" "198.51.100.1 peer 198.51.100.2/32"
	has "$(inside ip -4 addr show dev dev0)" "dev0:p2p"
	has "$(inside ip route)" "192.0.2.0/24 dev dev0"
}

@test "ND-05 IPv6 addresses move too, those of the link do not" {
	need_root "take a network device from the host"
	[[ -d /proc/sys/net/ipv6 ]] || skip "this kernel has no IPv6"
	on_host ip link set dev0 up
	on_host ip addr add 2001:db8::7/64 dev dev0 nodad
	on_host ip addr add 2001:db8::8/64 dev dev0 valid_lft 1000 preferred_lft 500 nodad
	on_host ip addr add fe80::77/64 dev dev0 nodad
	devices '{dev0: {name: "net1"}}'
	create
	has "$(inside bash -c 'addresses net1')" "2001:db8::7/64"
	lacks "$(inside bash -c 'addresses net1')" "2001:db8::8"
	lacks "$(inside ip -6 addr show dev net1)" "fe80::77"
	has "$(inside ip -6 addr show dev net1)" nodad
}

@test "ND-02 a new name, and labels that follow it" {
	need_root "take a network device from the host"
	on_host ip addr add 192.0.2.1/24 dev dev0 label dev0:web
	devices '{dev0: {name: "container_eth7"}}'
	create
	host_lacks dev0
	eq "$(inside bash -c 'addresses container_eth7')" 192.0.2.1/24
	# no room for the label: the interface's name
	has "$(inside ip addr show dev container_eth7)" "global container_eth7"
	ok delete --force "$ID"
	on_host ip link add dev1 type veth peer name peer1
	on_host ip addr add 192.0.2.1/24 dev dev1 label dev1:web
	devices '{dev1: {name: "e1"}}'
	create
	has "$(inside ip addr show dev e1)" "global e1:web"
}

@test "ND-02 names that no device can have" {
	local name
	for name in "" . .. a/b a:b "a b" sixteen-letters- a%db%d a%s %; do
		config '.linux.netDevices = {dev0: {name: $n}}' --arg n "$name"
		refused /linux/netDevices/dev0/name || { echo "with \"$name\"" >&2; return 1; }
		config '.linux.netDevices = {($n): {}}' --arg n "$name"
		refused /linux/netDevices || { echo "with \"$name\"" >&2; return 1; }
	done
	host_has dev0
	devices '{dev0: {name: "x"}, peer0: {name: "x"}}'
	refused '"dev0" and "peer0" would both be called "x"'
}

@test "ND-01 a device that the host has not" {
	need_root "take a network device from the host"
	devices '{dev0: {}, missing0: {}}'
	refused '/linux/netDevices/missing0: move network device "missing0":'
	has "$error" "no such device"
	host_has dev0
}

@test "ND-03 a name that is taken in the container's namespace" {
	need_root "take a network device from the host"
	other_network
	nsenter --net="/proc/$OTHER/ns/net" ip link add eth0 type veth peer name eth1
	on_host ip addr add 192.0.2.1/24 dev dev0
	on_host ip link set dev0 up
	devices '{dev0: {name: "eth0"}}'
	refused '/linux/netDevices/dev0: move network device "dev0": a device "eth0" exists there already'
	eq "$(on_host bash -c 'addresses dev0')" 192.0.2.1/24
	has "$(on_host bash -c 'link dev0 .flags')" UP
	eq "$(nsenter --net="/proc/$OTHER/ns/net" ip -j link | jq -r '[.[].ifname] | sort | join(" ")')" "eth0 eth1 lo"
}

@test "ND-04 ND-08 RT-DEL-04 a template gives each device a free name; a joined namespace keeps them" {
	need_root "take a network device from the host"
	other_network
	nsenter --net="/proc/$OTHER/ns/net" ip link add eth1 type veth peer name x
	devices '{dev0: {name: "eth%d"}, peer0: {name: "eth%d"}}'
	create
	eq "$(inside ip -j link | jq -r '[.[].ifname] | sort | join(" ")')" "eth0 eth1 eth2 lo x"
	kill_ct
	eventually is_stopped
	delete
	eq "$(nsenter --net="/proc/$OTHER/ns/net" ip -j link | jq -r '[.[].ifname] | sort | join(" ")')" "eth0 eth1 eth2 lo x"
	host_lacks dev0
	host_lacks peer0
}

is_stopped() { [[ $(state status) == stopped ]]; }

@test "ND-07 the runtime leaves the device alone when it is there" {
	need_root "take a network device from the host"
	on_host ip addr add 192.0.2.1/24 dev dev0
	devices '{dev0: {}}'
	create
	inside ip link set dev0 down
	inside ip addr flush dev dev0
	inside ip link set dev0 name mine
	start
	lacks "$(inside bash -c 'link mine .flags')" UP
	eq "$(inside bash -c 'addresses mine')" ""
}

@test "ND-08 a virtual device ends with the namespace, nobody moves it back" {
	need_root "take a network device from the host"
	devices '{dev0: {}}'
	create
	host_has peer0
	ok delete --force "$ID"
	peer_gone() { ! host_has peer0; }
	# The kernel has one thread for all network namespaces that end.
	TIMEOUT=$((5 * TIMEOUT)) eventually peer_gone
	host_lacks dev0
}

@test "ND-09 there must be a network namespace that is not the host's" {
	need_root "take a network device from the host"
	devices '{dev0: {}}'
	without_namespace network
	refused "/linux/netDevices: moving a network device needs a network namespace"
	add_namespace network "/proc/$HOST/ns/net"
	refused "/linux/netDevices: the network namespace that is joined is the runtime's own"
	host_has dev0
}

@test "ND-01 RT-ERR-01 a create that fails gives its devices back as they were" {
	need_root "take a network device from the host"
	on_host ip addr add 192.0.2.1/24 dev dev0 label dev0:1
	on_host ip link set dev0 up
	devices '{dev0: {name: "eth0"}, peer0: {name: "eth1"}}'
	config '.linux.netDevices.peer0 = {name: "eth1"} | .hooks.createRuntime = [{path: "/bin/false"}]'
	on_host ip link set peer0 down
	refused "hook"
	eq "$(on_host bash -c 'addresses dev0')" 192.0.2.1/24
	has "$(on_host ip addr show dev dev0)" dev0:1
	has "$(on_host bash -c 'link dev0 .flags')" UP
	lacks "$(on_host bash -c 'link peer0 .flags')" '"UP"'
}

@test "ND-01 in a new user namespace, before the hooks and the sysctls" {
	need_root "take a network device from the host"
	userns
	devices '{dev0: {name: "eth0"}}'
	config '.linux.sysctl = {"net.ipv4.conf.eth0.forwarding": "1"}
		| .hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c",
			"nsenter -t $(jq .pid) -n ip link show dev eth0 >$OUT"], env: [$p, $o]}]' \
		--arg p "PATH=$PATH" --arg o "OUT=$TEST_DIR/seen"
	create
	has "$(<"$TEST_DIR/seen")" eth0
	eq "$(inside cat /proc/sys/net/ipv4/conf/eth0/forwarding)" 1
}

@test "ND-01 lo cannot be moved, and without privilege nothing" {
	need_root "take a network device from the host"
	devices '{lo: {name: "lo1"}}'
	refused '/linux/netDevices/lo: move network device "lo":'
	has "$(on_host ip link show lo)" "lo:"
	# the container's namespace belongs to a user namespace, so only the host's device is out of reach
	userns
	devices '{dev0: {}}'
	sed -i "s|^exec|& setpriv --bounding-set=-net_admin|" "$RUNTIME"
	refused '/linux/netDevices/dev0: move network device "dev0":'
	has "$error" "operation not permitted"
	host_has dev0
}
