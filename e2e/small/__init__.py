"""A cluster of two nodes on this machine, where neither a cluster nor kind is at hand.

The real programs: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kube-proxy, and for each node a
kubelet and a containerd of its own. All live in a network namespace, from which nothing leaves. Linux, and root, only.
"""
