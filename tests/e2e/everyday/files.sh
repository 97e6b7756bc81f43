# shellcheck shell=bash disable=SC2034,SC2086,SC2154 # lab.sh and lib.sh are elsewhere, their addresses have no blanks
# SPDX-License-Identifier: GPL-2.0-only
#
# Files: FTP, whose data connections go either way, and TFTP, whose answers come from another port.
subject "FTP and TFTP"
files_begin() {
	mkdir "$LAB/ftp" "$LAB/tftp"
	echo 'the file' | tee "$LAB/ftp/file" >"$LAB/tftp/file"
	chmod 755 "$LAB/ftp" "$LAB/tftp"
	command -v vsftpd >/dev/null && {
		ftp_server peer 'connect_from_port_20=YES'
		within 4 peer_has_ftp
	}
	daemon tftp-far peer dnsmasq -k -C /dev/null -p 0 --user=root --enable-tftp --tftp-root="$LAB/tftp" \
		--bind-interfaces --listen-address=$PEER4
	# With --bind-interfaces dnsmasq 2.90 cannot answer from its one port: a namespace of its own.
	daemon tftp-single far dnsmasq -k -C /dev/null -p 0 --user=root --enable-tftp --tftp-root="$LAB/tftp" \
		--tftp-single-port --log-facility=-
}
peer_has_ftp() { in_namespace peer ss -Htln 'sport = :21' | grep -q .; }
ftp_server() { # host|peer LINE…
	printf '%s\n' listen=YES background=NO anonymous_enable=YES no_anon_password=YES "anon_root=$LAB/ftp" \
		"secure_chroot_dir=$LAB/ftp" seccomp_sandbox=NO xferlog_enable=NO "${@:2}" >"$LAB/vsftpd-$1.conf"
	daemon "ftp-$1" "$1" vsftpd "$LAB/vsftpd-$1.conf"
}
fetches() { tells '^the file$' "$1" curl -sS --max-time 4 "${@:2}"; }

passive_client() { want vsftpd; fetches host ftp://$PEER4/file; }
works 'FTP client, passive: curl' passive_client
active_client() { want vsftpd; fetches host --ftp-port $HOST4:50000-50010 ftp://$PEER4/file; }
works 'FTP client, active: curl --ftp-port' active_client "allow 50000-50010/tcp from 10.77.0.2"

own_ftp() { # LINE…
	want vsftpd
	STARTED+=(ftp-host)
	ftp_server host "$@"
	within 3 listens 21
}
passive_server() { own_ftp pasv_min_port=50100 pasv_max_port=50110; fetches peer ftp://$HOST4/file; }
active_server() { own_ftp connect_from_port_20=YES; fetches peer --ftp-port $PEER4 ftp://$HOST4/file; }
alone=1 works 'FTP server, passive: vsftpd with a range for its data' passive_server \
	'allow 21/tcp' 'allow 50100-50110/tcp'
alone=1 works 'FTP server, active: vsftpd, data from port 20' active_server 'allow 21/tcp' 'allow bind 20/tcp'

gets_by_tftp() { # SERVER WORDS…
	want tftp
	rm -f "$LAB/tftp-$1"
	host timeout 4 tftp -4 "${@:2}" -m binary "$1" -c get file "$LAB/tftp-$1"
	grep 'the file' "$LAB/tftp-$1"
}
tftp_range() { gets_by_tftp $PEER4 -R 50200:50210; }
works 'TFTP client: tftp -R, the answer comes from another port' tftp_range 'allow 50200-50210/udp from 10.77.0.2'
tftp_single() { gets_by_tftp 10.79.0.2; }
works 'TFTP client of a server that answers from port 69 (dnsmasq --tftp-single-port): tftp' tftp_single
serves_tftp() {
	serves tftp-own host dnsmasq -k -C /dev/null -p 0 --user=root --enable-tftp --tftp-root="$LAB/tftp" \
		--bind-interfaces --listen-address=$HOST4
	within 2 listens 69
	fetches peer tftp://$HOST4/file
}
works 'TFTP server: dnsmasq' serves_tftp 'allow 69/udp'
