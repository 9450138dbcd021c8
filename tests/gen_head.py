# The optimum of tests/test_head.c's data by scikit-learn, run by hand: python tests/gen_head.py > tests/golden/head.inc
import numpy as np
from sklearn.linear_model import LogisticRegression
N, IN, C, L2 = 60, 5, 3, 1e-2
s, X = 12345, np.zeros((N, IN))
for e in range(N):
    for i in range(IN):
        s = (s * 1664525 + 1013904223) % 2**32
        X[e, i] = ((s >> 24) - 128) / 32 + (2 if i == e % C else 0) + (10 if i == 4 else 0)
y = np.arange(N) % C
mean, dev = X.mean(0), X.std(0)
Z = (X - mean) / dev
m = LogisticRegression(C=1 / (L2 * N), tol=1e-12, max_iter=100000, solver="lbfgs").fit(Z, y)
p = Z @ m.coef_.T + m.intercept_
loss = np.mean(np.log(np.exp(p).sum(1)) - p[np.arange(N), y]) + 0.5 * L2 * (m.coef_**2).sum()
W = m.coef_ / dev
b = m.intercept_ - W @ mean
b -= b.mean()
print("/* loss %.10f */" % loss)
for c in range(C):
    print("    " + " ".join("%.8f," % v for v in list(W[c]) + [b[c]]))
